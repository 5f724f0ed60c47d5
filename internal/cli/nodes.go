package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"turno"
	"turno/internal/config"
)

const (
	nodesShort = "list the workers: what they have, what is used, how they hold jobs"
	typesShort = "list the workloads that turno knows, or show one's parameters"
)

func (s *session) nodesCommand() *cobra.Command {
	f := format{wide: true}
	watch := false
	cmd := &cobra.Command{Use: "nodes [WORKER...]", Aliases: []string{"workers", "node"}, Short: nodesShort}
	f.add(cmd.Flags())
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "show it again whenever something changes")
	cmd.RunE = s.service(func(ctx context.Context, svc turno.Service, args []string) error {
		if watch {
			return s.watching(ctx, svc, func() error { return s.nodes(ctx, svc, &f, args) })
		}
		return s.nodes(ctx, svc, &f, args)
	})
	return cmd
}

func (s *session) nodes(ctx context.Context, svc turno.Service, f *format, names []string) error {
	workers, err := svc.Workers(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !slices.ContainsFunc(workers, func(w turno.Worker) bool { return w.Name == name }) {
			return failed(exitNotFound, "there is no worker %q", name).hint("turno nodes lists them")
		}
	}
	if len(names) > 0 {
		workers = slices.DeleteFunc(workers, func(w turno.Worker) bool { return !contains(names, w.Name) })
	}
	if f.data() {
		if workers == nil {
			workers = []turno.Worker{}
		}
		return f.write(s.io.Out, map[string]any{"items": workers})
	}
	if f.kind == "name" {
		for i := range workers {
			s.printf("%s\n", clean(workers[i].Name, false))
		}
		return nil
	}
	s.nodeTable(workers, f.kind == "wide").write(s.io.Out)
	if len(workers) == 0 && s.errLook.terminal {
		s.notef("%s\n", s.errLook.dim("No workers. turno up or turno worker starts one."))
	}
	return nil
}

func (s *session) nodeTable(workers []turno.Worker, wide bool) *table {
	header := []string{"WORKER", "STATE", "JOBS", "CPUS", "MEMORY", "GPUS", "ISOLATION", "NOTE"}
	if wide {
		header = []string{"WORKER", "STATE", "SINCE", "SEEN", "JOBS", "CPUS", "MEMORY", "GPUS", "CPU MODEL", "OS", "VERSION", "OFFERS", "ISOLATION", "NOTE"}
	}
	t := s.table(header...)
	for i := range workers {
		w := &workers[i]
		m := &w.Machine
		state := cell{text: string(w.State)}
		switch w.State {
		case turno.WorkerReady:
			state.paint = s.look.green
		case turno.WorkerDrained:
			state.paint = s.look.yellow
		case turno.WorkerUnreachable, turno.WorkerGone:
			state.paint = s.look.red
		}
		jobs, cpus := fmt.Sprint(w.JobCount), fmt.Sprintf("%s/%s", w.CPUsUsed, m.CPUs)
		memory := config.FormatBytes(w.MemoryUsed) + "/" + config.FormatBytes(m.Memory)
		cells := []cell{{text: w.Name}, state}
		if wide {
			cells = append(cells, cell{text: s.moment(w.Since)}, cell{text: s.moment(w.SeenAt)})
		}
		cells = append(cells, cell{text: jobs}, cell{text: cpus}, cell{text: memory}, cell{text: gpuUse(w)})
		if wide {
			cells = append(cells, cell{text: m.CPUModel}, cell{text: m.OS + "/" + m.Arch}, cell{text: m.Version}, cell{text: offerNames(m)})
		}
		t.cells(append(cells, cell{text: m.Isolation}, cell{text: nodeNote(w)})...)
	}
	return t
}

// gpuUse is 1/2 RTX 4090, with SIMULATED wherever the GPUs are.
func gpuUse(w *turno.Worker) string {
	m := &w.Machine
	if len(m.GPUs) == 0 {
		return ""
	}
	text := fmt.Sprintf("%d/%d %s", len(w.GPUsUsed), len(m.GPUs), m.GPUs[0].Model)
	if (m.Simulated || m.GPUs[0].Simulated) && !strings.Contains(text, "SIMULATED") {
		text += " SIMULATED"
	}
	return text
}

func offerNames(m *turno.Machine) string {
	var out []string
	for _, o := range m.Offers {
		if o.Engine != "" {
			o.Type += "@" + o.Engine
		}
		out = append(out, o.Type)
	}
	return strings.Join(out, ",")
}

func nodeNote(w *turno.Worker) string {
	var notes []string
	if w.Refused != "" {
		notes = append(notes, w.Refused)
	}
	if w.Drain != "" {
		notes = append(notes, w.Drain)
	}
	notes = append(notes, w.Machine.Trouble...)
	for _, r := range w.Machine.Runners {
		switch r.State {
		case turno.RunnerReady:
			notes = append(notes, fmt.Sprintf("runner %s: %s", r.Engine, r.Mode))
		case turno.RunnerFailed:
			notes = append(notes, fmt.Sprintf("runner %s failed: %s", r.Engine, r.Reason))
		default:
			notes = append(notes, fmt.Sprintf("runner %s is starting", r.Engine))
		}
	}
	for _, g := range w.Machine.GPUs {
		if g.Quarantine != "" {
			notes = append(notes, fmt.Sprintf("GPU %d is in quarantine: %s", g.Index, g.Quarantine))
		}
	}
	return strings.Join(notes, "; ")
}

func (s *session) typesCommand() *cobra.Command {
	f := format{wide: true}
	offline := false
	cmd := &cobra.Command{Use: "types [TYPE]", Aliases: []string{"type"}, Short: typesShort, Args: cobra.MaximumNArgs(1)}
	f.add(cmd.Flags())
	cmd.Flags().BoolVar(&offline, "offline", false, "those of this program, without asking the server")
	cmd.RunE = s.command(func(ctx context.Context, cmd *cobra.Command, args []string) error {
		types := s.types()
		if !offline {
			svc, _, err := s.dial(cmd)
			if err != nil {
				return err
			}
			if types, err = svc.Types(ctx); err != nil {
				return err
			}
		}
		return s.showTypes(types, &f, args)
	})
	return cmd
}

func (s *session) showTypes(types []turno.Type, f *format, args []string) error {
	if len(args) == 1 {
		i := slices.IndexFunc(types, func(t turno.Type) bool { return t.Name == args[0] })
		if i < 0 {
			return failed(exitNotFound, "there is no workload %q", args[0]).hint("turno types lists them")
		}
		if f.data() {
			return f.write(s.io.Out, types[i])
		}
		s.showType(&types[i])
		return nil
	}
	if f.data() {
		return f.write(s.io.Out, map[string]any{"items": types})
	}
	t := s.table("TYPE", "DEVICES", "ENGINES", "WHAT")
	for _, ty := range types {
		if f.kind == "name" {
			s.printf("%s\n", ty.Name)
			continue
		}
		t.row(ty.Name, devices(ty.Devices), strings.Join(ty.Engines, ","), ty.Summary)
	}
	if f.kind != "name" {
		t.write(s.io.Out)
	}
	return nil
}

func devices(ds []turno.Device) string {
	var out []string
	for _, d := range ds {
		out = append(out, string(d))
	}
	return strings.Join(out, ",")
}

// showType shows a workload's parameters as a table.
func (s *session) showType(t *turno.Type) {
	s.printf("%s: %s (%s)\n", s.look.bold(t.Name), t.Summary, devices(t.Devices))
	var schema struct {
		Required   []string `json:"required"`
		Properties map[string]struct {
			Type        any               `json:"type"`
			Enum        []json.RawMessage `json:"enum"`
			Default     json.RawMessage   `json:"default"`
			Minimum     json.RawMessage   `json:"minimum"`
			Maximum     json.RawMessage   `json:"maximum"`
			Description string            `json:"description"`
		} `json:"properties"`
	}
	if json.Unmarshal(t.Schema, &schema) == nil && len(schema.Properties) > 0 {
		tab := s.table("PARAMETER", "TYPE", "DEFAULT", "RANGE", "WHAT")
		for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
			p := schema.Properties[name]
			kind := fmt.Sprint(p.Type)
			if len(p.Enum) > 0 {
				kind = joinRaw(p.Enum, "|")
			}
			def := string(p.Default)
			if contains(schema.Required, name) {
				def = "(required)"
			}
			bounds := ""
			if p.Minimum != nil || p.Maximum != nil {
				bounds = string(p.Minimum) + "…" + string(p.Maximum)
			}
			tab.row(name, kind, def, bounds, p.Description)
		}
		tab.write(s.io.Out)
	}
	if len(t.Example) > 0 {
		s.printf("Example: turno run --type %s --params %s\n", t.Name, quote(clean(string(t.Example), false)))
	}
}

func joinRaw(values []json.RawMessage, by string) string {
	var out []string
	for _, v := range values {
		out = append(out, strings.Trim(string(v), `"`))
	}
	return strings.Join(out, by)
}
