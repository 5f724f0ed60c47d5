package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"

	"turno"
	"turno/internal/config"
)

// view says how a fleet is drawn.
type view struct {
	look   look
	rows   int // of the screen; 0: as many as there are
	cols   int // 0: as many as a line has
	part   int // 0: all parts; otherwise one of them alone
	scroll int // lines of the part that is alone
}

// parts are what Tab goes through: all, and each alone.
const parts = 5

// frame is the screen's lines, none of them longer than it is wide.
func (v *view) frame(f *fleet) []string {
	head := v.head(f)
	sections := []section{v.queues(f), v.gpus(f), v.workers(f), v.jobs(f)}
	lines := head
	if v.part > 0 {
		lines = append(lines, v.alone(&sections[v.part-1], len(head))...)
	} else {
		lines = append(lines, v.share(sections, len(head))...)
	}
	for i, line := range lines {
		lines[i] = within(line, v.cols)
	}
	return lines
}

// section is a part: its heading, and a line each.
type section struct {
	title string
	lines []string
	least int // lines that it has before others get more
}

func (v *view) head(f *fleet) []string {
	at := "not seen yet"
	if !f.at.IsZero() {
		at = f.at.Local().Format("15:04:05")
	}
	gpus, used, cpus, busy, ready := 0, 0, turno.MilliCPU(0), turno.MilliCPU(0), 0
	for i := range f.workers {
		w := &f.workers[i]
		if w.State == turno.WorkerReady {
			ready++
		}
		gpus, used, cpus, busy = gpus+len(w.Machine.GPUs), used+len(w.GPUsUsed), cpus+w.Machine.CPUs, busy+w.CPUsUsed
	}
	s := f.summary.States
	lines := []string{fmt.Sprintf("%s  %s  workers %d of %d ready  GPUs %d of %d used  CPUs %s of %s used", v.look.bold("turno top"), at,
		ready, len(f.workers), used, gpus, busy, cpus)}
	lines = append(lines, fmt.Sprintf("jobs  %d run  %d wait  %d held  %d succeeded  %d failed  %d cancelled  %d lost",
		s[turno.Starting]+s[turno.Running]+s[turno.Stopping], s[turno.Queued], s[turno.Held], s[turno.Succeeded], s[turno.Failed], s[turno.Cancelled], s[turno.Lost]))
	if f.err != nil {
		lines = append(lines, v.look.red("the server does not answer; this is as it was then: ")+clean(f.err.Error(), false))
	}
	return lines
}

func (v *view) table(header ...string) *table {
	l := v.look
	l.width = v.cols
	return &table{look: l, header: header, right: map[int]bool{}}
}

// lines of a table, its header first.
func lines(t *table) []string {
	var b strings.Builder
	t.write(&b)
	return strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
}

// queues by what they hold, and why what waits does.
func (v *view) queues(f *fleet) section {
	t := v.table("QUEUE", "RUN", "WAIT", "HELD", "FAILED", "WHY THEY WAIT")
	t.align(1, 2, 3, 4)
	why := map[string]map[turno.Reason]int{}
	for i := range f.waiting {
		j := &f.waiting[i]
		if why[j.Spec.Queue] == nil {
			why[j.Spec.Queue] = map[turno.Reason]int{}
		}
		why[j.Spec.Queue][j.Reason]++
	}
	for _, name := range slices.Sorted(maps.Keys(f.summary.Queues)) {
		n := f.summary.Queues[name]
		var reasons []string
		for _, r := range slices.Sorted(maps.Keys(why[name])) {
			reasons = append(reasons, fmt.Sprintf("%s %d", r, why[name][r]))
		}
		if len(f.waiting) == mostJobs && len(reasons) > 0 {
			reasons = append(reasons, fmt.Sprintf("(of the newest %d)", mostJobs))
		}
		t.row(name, fmt.Sprint(n[turno.Starting]+n[turno.Running]+n[turno.Stopping]), fmt.Sprint(n[turno.Queued]), fmt.Sprint(n[turno.Held]),
			fmt.Sprint(n[turno.Failed]), strings.Join(reasons, ", "))
	}
	return section{title: "QUEUES", lines: lines(t), least: 3}
}

// gpus with who has them.
func (v *view) gpus(f *fleet) section {
	holders := map[string]string{}
	for i := range f.active {
		if a := f.active[i].Current(); a != nil {
			for _, uuid := range a.GPUs {
				holders[uuid] = f.active[i].Display() + " " + f.active[i].Spec.Name
			}
		}
	}
	t := v.table("WORKER", "GPU", "JOB", "BUSY", "", "MEMORY", "TEMP", "POWER", "MODEL", "NOTE")
	for i := range f.workers {
		w := &f.workers[i]
		for k := range w.Machine.GPUs {
			g := &w.Machine.GPUs[k]
			job := cell{text: "free", paint: v.look.green}
			if slices.Contains(w.GPUsUsed, g.UUID) {
				job = cell{text: strings.TrimSpace(runewidth.Truncate(orElse(holders[g.UUID], "used"), 20, "…"))}
			}
			status := gpuStatus(g)
			note := cell{text: gpuNote(g), paint: v.look.yellow}
			t.cells(cell{text: w.Name}, cell{text: fmt.Sprint(g.Index)}, job, status[0], cell{text: bar(g)}, status[1], status[3], status[2], cell{text: g.Model}, note)
		}
	}
	if len(t.rows) == 0 {
		return section{title: "GPUS", lines: []string{v.look.dim("no worker has a GPU")}, least: 1}
	}
	return section{title: "GPUS", lines: lines(t), least: 4}
}

// bar shows how busy a device is in ten signs.
func bar(g *turno.GPU) string {
	if g.Status == nil {
		return "-"
	}
	full := min(10, max(0, (g.Status.Utilisation+5)/10))
	return strings.Repeat("#", full) + strings.Repeat(".", 10-full)
}

func (v *view) workers(f *fleet) section {
	t := v.table("WORKER", "STATE", "JOBS", "CPUS", "MEMORY", "GPUS", "NOTE")
	for i := range f.workers {
		w := &f.workers[i]
		state := cell{text: string(w.State)}
		if w.State != turno.WorkerReady {
			state.paint = v.look.yellow
		}
		memory := config.FormatBytes(w.Machine.Memory)
		if w.MemoryUsed > 0 {
			memory = config.FormatBytes(w.MemoryUsed) + "/" + memory
		}
		t.cells(cell{text: w.Name}, state, cell{text: fmt.Sprint(w.JobCount)}, cell{text: fmt.Sprintf("%s/%s", w.CPUsUsed, w.Machine.CPUs)},
			cell{text: memory}, cell{text: fmt.Sprintf("%d/%d", len(w.GPUsUsed), len(w.Machine.GPUs))}, cell{text: trimmed(w.Refused, w.Drain)})
	}
	return section{title: "WORKERS", lines: lines(t), least: 3}
}

// jobs that are active, then those that wait.
func (v *view) jobs(f *fleet) section {
	t := v.table("JOB", "ST", "USER", "QUEUE", "NAME", "SINCE", "WHERE OR WHY")
	for _, list := range [][]turno.Job{f.active, f.waiting} {
		for i := range list {
			j := &list[i]
			where := trimmed(string(j.Reason), j.Detail)
			if j.State.Active() {
				where = j.Worker()
			}
			t.row(j.Display(), turno.Short(j.State, j.Reason), j.Spec.User, j.Spec.Queue, runewidth.Truncate(orElse(j.Spec.Name, j.Spec.Type), 24, "…"),
				short(f.at.Sub(j.Since)), where)
		}
	}
	if len(t.rows) == 0 {
		return section{title: "JOBS", lines: []string{v.look.dim("none runs and none waits")}, least: 1}
	}
	return section{title: "JOBS", lines: lines(t), least: 4}
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// alone gives one part the whole screen, from where it is scrolled to.
func (v *view) alone(s *section, above int) []string {
	out := []string{"", v.look.bold(s.title) + v.look.dim("  (Tab: the next part, arrows scroll, q ends)")}
	room := len(s.lines)
	if v.rows > 0 {
		room = max(1, v.rows-above-len(out))
	}
	v.scroll = min(v.scroll, max(0, len(s.lines)-room))
	return append(out, s.lines[v.scroll:min(len(s.lines), v.scroll+room)]...)
}

// share gives each part what it needs, or as much as there is: first what each
// has at least, then in turn a line more.
func (v *view) share(sections []section, above int) []string {
	rooms := make([]int, len(sections))
	left := v.rows - above - 2*len(sections) // each has an empty line and its title above
	for i, s := range sections {
		rooms[i] = len(s.lines)
		if v.rows > 0 {
			rooms[i] = min(len(s.lines), s.least, max(left, 0))
			left -= rooms[i]
		}
	}
	for gave := true; gave && left > 0; {
		gave = false
		for i, s := range sections {
			if left > 0 && rooms[i] < len(s.lines) {
				rooms[i]++
				left--
				gave = true
			}
		}
	}
	var out []string
	for i, s := range sections {
		out = append(out, "", v.look.bold(s.title))
		out = append(out, cut(s.lines, rooms[i])...)
	}
	return out
}

// cut leaves so many lines, of which the last one says how many there are more.
func cut(all []string, room int) []string {
	if len(all) <= room {
		return all
	}
	if room < 1 {
		return nil
	}
	return append(slices.Clone(all[:room-1]), fmt.Sprintf("… %d more", len(all)-room+1))
}

// within cuts a line at so many columns. What paints it takes none, and paint ends
// with it.
func within(line string, cols int) string {
	if cols <= 0 {
		return line
	}
	var b strings.Builder
	used, painted := 0, false
	for i := 0; i < len(line); {
		if strings.HasPrefix(line[i:], "\x1b[") {
			if end := strings.IndexByte(line[i:], 'm'); end > 0 {
				b.WriteString(line[i : i+end+1])
				painted = line[i:i+end+1] != "\x1b[0m"
				i += end + 1
				continue
			}
		}
		r, size := utf8.DecodeRuneInString(line[i:])
		w := runewidth.RuneWidth(r)
		if used+w > cols {
			break
		}
		b.WriteRune(r)
		used += w
		i += size
	}
	if painted {
		b.WriteString("\x1b[0m")
	}
	return b.String()
}
