package worker

import (
	"slices"
	"time"

	"turno"
)

// use is how one device was while an attempt had it: sums over looks at it.
type use struct {
	turno.GPUUse
	first, last          turno.GPUStatus
	utilisation, memory  float64 // sums
	watts, joulesByPower float64
}

// watchUse takes how the devices are for the attempts that have them.
func (r *Role) watchUse(devices []turno.GPU) {
	for i := range devices {
		d := &devices[i]
		if d.Status == nil {
			continue
		}
		for _, a := range r.live {
			if slices.Contains(a.task.GPUs, d.UUID) {
				a.look(d)
			}
		}
	}
}

// look adds a look at one of the attempt's devices; one that was taken before
// is not counted twice.
func (a *attempt) look(d *turno.GPU) {
	at := slices.IndexFunc(a.use, func(u *use) bool { return u.UUID == d.UUID })
	if at < 0 {
		at = len(a.use)
		a.use = append(a.use, &use{GPUUse: turno.GPUUse{UUID: d.UUID, Model: d.Model, Simulated: d.Simulated}})
	}
	a.use[at].add(d.Status)
}

func (u *use) add(s *turno.GPUStatus) {
	if u.Looks > 0 && !s.At.After(u.last.At) {
		return
	}
	if u.Looks == 0 {
		u.first = *s
	} else {
		u.joulesByPower += (s.Watts + u.last.Watts) / 2 * s.At.Sub(u.last.At).Seconds()
	}
	u.Looks++
	u.utilisation += float64(s.Utilisation)
	u.memory += float64(s.MemoryUsed)
	u.watts += s.Watts
	u.UtilisationPeak = max(u.UtilisationPeak, s.Utilisation)
	u.MemoryPeak = max(u.MemoryPeak, s.MemoryUsed)
	u.WattsPeak = max(u.WattsPeak, s.Watts)
	u.CelsiusPeak = max(u.CelsiusPeak, s.Celsius)
	for _, why := range s.Throttled {
		if !slices.Contains(u.Throttled, why) {
			u.Throttled = append(u.Throttled, why)
		}
	}
	u.last = *s
}

// used is what the looks come to; nil: there were none.
func (a *attempt) used() []turno.GPUUse {
	var list []turno.GPUUse
	for _, u := range a.use {
		looks := float64(u.Looks)
		u.Seconds = u.last.At.Sub(u.first.At).Round(time.Millisecond).Seconds()
		u.Utilisation, u.Memory, u.Watts = u.utilisation/looks, int64(u.memory/looks), u.watts/looks
		u.Joules = u.last.Joules - u.first.Joules
		if u.last.Joules == 0 || u.Joules < 0 { // no counter, or one that began anew
			u.Joules = u.joulesByPower
		}
		list = append(list, u.GPUUse)
	}
	slices.SortFunc(list, func(x, y turno.GPUUse) int {
		return slices.Index(a.task.GPUs, x.UUID) - slices.Index(a.task.GPUs, y.UUID)
	})
	return list
}
