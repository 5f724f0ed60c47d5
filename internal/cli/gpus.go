package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"turno"
	"turno/internal/config"
)

const gpusShort = "list the GPUs of the workers: how busy, how full, how hot, and who has them"

// gpuRow is one device, for data.
type gpuRow struct {
	Worker string `json:"worker"`
	turno.GPU
	Used bool `json:"used"` // by a job
}

func (s *session) gpusCommand() *cobra.Command {
	f := format{wide: true}
	watch := false
	cmd := &cobra.Command{Use: "gpus [WORKER...]", Aliases: []string{"gpu"}, Short: gpusShort}
	f.add(cmd.Flags())
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "show it again whenever something changes")
	cmd.RunE = s.service(func(ctx context.Context, svc turno.Service, args []string) error {
		if watch {
			return s.watching(ctx, svc, func() error { return s.gpus(ctx, svc, &f, args) })
		}
		return s.gpus(ctx, svc, &f, args)
	})
	return cmd
}

func (s *session) gpus(ctx context.Context, svc turno.Service, f *format, names []string) error {
	workers, err := svc.Workers(ctx)
	if err != nil {
		return err
	}
	rows := []gpuRow{}
	for i := range workers {
		w := &workers[i]
		if len(names) > 0 && !slices.Contains(names, w.Name) {
			continue
		}
		for _, g := range w.Machine.GPUs {
			rows = append(rows, gpuRow{w.Name, g, slices.Contains(w.GPUsUsed, g.UUID)})
		}
	}
	if f.data() {
		return f.write(s.io.Out, map[string]any{"items": rows})
	}
	if f.kind == "name" {
		for _, r := range rows {
			s.printf("%s\n", clean(r.UUID, false))
		}
		return nil
	}
	s.gpuTable(rows, f.kind == "wide").write(s.io.Out)
	if len(rows) == 0 {
		s.notef("%s\n", s.errLook.dim("No worker has a GPU. On a machine that should have one, turno doctor says why it is not seen."))
	}
	return nil
}

func (s *session) gpuTable(rows []gpuRow, wide bool) *table {
	header := []string{"WORKER", "GPU", "MODEL", "JOB", "BUSY", "MEMORY", "POWER", "TEMP", "CLOCK", "NOTE"}
	if wide {
		header = append(header, "UUID", "PCI", "CAPABILITY", "DRIVER")
	}
	t := s.table(header...)
	for _, r := range rows {
		job := cell{text: "free", paint: s.look.green}
		if r.Used {
			job = cell{text: "used"}
		}
		cells := []cell{{text: r.Worker}, {text: fmt.Sprint(r.Index)}, {text: r.Model}, job}
		cells = append(cells, gpuStatus(&r.GPU)...)
		cells = append(cells, cell{text: gpuNote(&r.GPU)})
		if wide {
			cells = append(cells, cell{text: r.UUID}, cell{text: r.PCI}, cell{text: r.Capability}, cell{text: r.Driver})
		}
		t.cells(cells...)
	}
	return t
}

// gpuStatus is five cells; - is what is not known.
func gpuStatus(g *turno.GPU) []cell {
	if g.Status == nil {
		return []cell{{text: "-"}, {text: config.FormatBytes(g.Memory)}, {text: "-"}, {text: "-"}, {text: "-"}}
	}
	st := g.Status
	power := fmt.Sprintf("%.0f W", st.Watts)
	if st.WattsLimit > 0 {
		power = fmt.Sprintf("%.0f/%.0f W", st.Watts, st.WattsLimit)
	}
	return []cell{{text: fmt.Sprintf("%d %%", st.Utilisation)}, {text: config.FormatBytes(st.MemoryUsed) + "/" + config.FormatBytes(g.Memory)},
		{text: power}, {text: fmt.Sprintf("%d °C", st.Celsius)}, {text: fmt.Sprintf("%d MHz", st.ClockMHz)}}
}

// gpuNote is what a person should look at.
func gpuNote(g *turno.GPU) string {
	var notes []string
	if g.Quarantine != "" {
		notes = append(notes, "quarantined: "+g.Quarantine)
	}
	if g.Status != nil && len(g.Status.Throttled) > 0 {
		notes = append(notes, "held down by "+strings.Join(g.Status.Throttled, ", "))
	}
	if g.Status != nil && g.Status.XID != 0 {
		notes = append(notes, fmt.Sprintf("XID %d at %s", g.Status.XID, g.Status.XIDAt.Local().Format("15:04:05")))
	}
	return strings.Join(notes, "; ")
}
