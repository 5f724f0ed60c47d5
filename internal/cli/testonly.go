package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"turno"
	"turno/internal/config"
)

// testOnly says of each job what would become of it, and submits nothing. The
// scheduler says it; of a server that cannot ask it, this does, from what is
// known of the workers.
func (s *session) testOnly(ctx context.Context, svc turno.Service, jobs []turno.NewJob) error {
	p, ok := svc.(turno.Previewer)
	if !ok {
		return s.compare(ctx, svc, jobs)
	}
	var refused error
	for _, j := range jobs {
		out, err := p.Preview(ctx, j.Spec)
		if known, ok := errors.AsType[*turno.Error](err); ok && known.Code == turno.CodeNotFound && known.Field == "" {
			return s.compare(ctx, svc, jobs)
		}
		if err != nil {
			return err
		}
		if out.Explanation.Impossible {
			refused = quiet(exitRefused)
		}
		s.printf("%s: %s. Nothing was submitted.\n", describe(out.Spec), out.Explanation.Summary)
	}
	return refused
}

// compare says of each job whether and where it could run.
func (s *session) compare(ctx context.Context, svc turno.Service, jobs []turno.NewJob) error {
	workers, err := svc.Workers(ctx)
	if err != nil {
		return err
	}
	summary, err := svc.Summary(ctx)
	if err != nil {
		return err
	}
	var refused error
	for _, j := range jobs {
		spec := j.Spec.Clone()
		spec.Normalize()
		if err := spec.Validate(); err != nil {
			return err
		}
		var fit []string
		var misfit string
		for i := range workers {
			if why := cannot(spec, &workers[i]); why != "" {
				misfit = workers[i].Name + ": " + why
			} else {
				fit = append(fit, workers[i].Name)
			}
		}
		name := describe(spec)
		if len(fit) == 0 {
			if misfit == "" {
				misfit = "there is no worker"
			}
			s.printf("%s: no worker could run it now (%s)\n", name, misfit)
			refused = quiet(exitRefused)
			continue
		}
		s.printf("%s: could run on %s; %d jobs wait now. Nothing was submitted.\n", name, strings.Join(fit, ", "), summary.States[turno.Queued])
	}
	return refused
}

// cannot says why a worker could not ever run a job; empty: it could.
func cannot(spec *turno.Spec, w *turno.Worker) string {
	m := &w.Machine
	switch {
	case w.State == turno.WorkerGone:
		return "it is gone"
	case len(spec.Workers) > 0 && !contains(spec.Workers, w.Name):
		return "other workers are asked for"
	case contains(spec.Exclude, w.Name):
		return "it is excluded"
	case !offers(m, spec):
		with := ""
		if spec.Engine != "" {
			with = " with the engine " + spec.Engine
		}
		return fmt.Sprintf("it does not offer %s on a %s%s", spec.Type, spec.Device, with)
	case spec.CPUs > m.CPUs:
		return fmt.Sprintf("it has %s CPUs, %s are asked for", m.CPUs, spec.CPUs)
	case spec.Memory > m.Memory:
		return fmt.Sprintf("it has %s of memory, %s are asked for", config.FormatBytes(m.Memory), config.FormatBytes(spec.Memory))
	case spec.Device == turno.DeviceGPU && gpusFor(m, spec) < spec.GPUs:
		return fmt.Sprintf("it has %d such GPUs, %d are asked for", gpusFor(m, spec), spec.GPUs)
	}
	return ""
}

func offers(m *turno.Machine, spec *turno.Spec) bool {
	devices := []turno.Device{spec.Device}
	if spec.Device == turno.DeviceAny {
		devices = []turno.Device{turno.DeviceCPU, turno.DeviceGPU}
	}
	for i := range m.Offers {
		for _, d := range devices {
			if m.Offers[i].Serves(spec.Type, spec.Engine, d) {
				return true
			}
		}
	}
	return false
}

func gpusFor(m *turno.Machine, spec *turno.Spec) int {
	n := 0
	for _, g := range m.GPUs {
		if strings.Contains(strings.ToLower(g.Model), strings.ToLower(spec.GPUModel)) && g.Memory >= spec.GPUMemory && g.Quarantine == "" {
			n++
		}
	}
	return n
}
