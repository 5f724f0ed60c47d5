package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"turno/internal/stats"
)

// conditions are what a figure is worth nothing without.
type conditions struct {
	At         string            `json:"at"`
	Command    string            `json:"command"`
	CPU        string            `json:"cpu"`
	Cores      int               `json:"cores"`
	Kernel     string            `json:"kernel"`
	Priority   string            `json:"priority"` // of this process and all that it starts
	LoadBefore string            `json:"load_before"`
	LoadAfter  string            `json:"load_after"`
	Versions   map[string]string `json:"versions"`
}

func conditionsNow(ctx context.Context, o options) conditions {
	c := conditions{
		At: time.Now().UTC().Format(time.RFC3339), Command: strings.Join(os.Args, " "),
		Cores: runtime.NumCPU(), CPU: cpuModel(), Kernel: firstLine(ctx, "uname", "-sr"),
		Priority: firstLine(ctx, "chrt", "-p", fmt.Sprint(os.Getpid())), LoadBefore: loadAverage(),
		Versions: map[string]string{"go": runtime.Version(), "turno": firstLine(ctx, o.turno, "version")},
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			switch m.Path {
			case "github.com/riverqueue/river":
				c.Versions["river"] = m.Version
			case "github.com/hibiken/asynq":
				c.Versions["asynq"] = m.Version
			}
		}
	}
	for _, p := range []string{"rabbitmq-server", "postgresql-15", "redis-server", "python3-celery", "python3-rq", "python3-distributed", "python3"} {
		c.Versions[p] = firstLine(ctx, "dpkg-query", "-W", "-f", "${Version}", p)
	}
	return c
}

// firstLine of what a command says; "unknown" if it cannot say it.
func firstLine(ctx context.Context, name string, args ...string) string {
	out, err := exec.CommandContext(ctx, name, args...).Output()
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if err != nil || line == "" {
		return "unknown"
	}
	return line
}

func cpuModel() string {
	data, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(data)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.Trim(name, " \t:\n")
		}
	}
	return "unknown"
}

// loadAverage is that of the last minute.
func loadAverage() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	one, _, _ := strings.Cut(string(data), " ")
	return one
}

func writeJSON(path string, r record) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode record: %w", err)
	}
	if err := os.WriteFile(path, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("write record: %w", err)
	}
	return nil
}

// writeTable writes Markdown, which reads well in a terminal too.
func writeTable(w io.Writer, r record) error {
	out := bufio.NewWriter(w)
	rows := [][]string{{"", "durable", "no-op jobs/s, in bulk", "one by one, jobs/s", "`/bin/true`, commands/s", "idle latency, p50 ms", "p99 ms", "turno, embedded: jobs/s ×", "turno, servers: jobs/s ×"}}
	for _, c := range r.Contestants {
		durable := "no"
		if c.Durable {
			durable = "yes"
		}
		rows = append(rows, []string{
			c.Name, durable, spread(c.Values[bulkRate]), spread(c.Values[singleRate]), spread(c.Values[commandRate]),
			spread(c.Values[latencyP50]), spread(c.Values[latencyP99]), r.ratio("turno, embedded", c), r.ratio("turno, servers", c),
		})
	}
	columns(out, rows)
	fmt.Fprintf(out, "\nMedians of %d rounds, the least and the most in brackets; ratios are medians of each round's own.\n\n", len(r.Contestants[0].Values[bulkRate]))
	for _, c := range r.Contestants {
		fmt.Fprintf(out, "- %s (%d no-op jobs in bulk): %s.\n", c.Name, c.Jobs, c.Settings)
	}
	c := r.Conditions
	fmt.Fprintf(out, "\n%s, %d cores (%s), %s, load %s before and %s after; %s.\n`%s`\n", c.At, c.Cores, c.CPU, c.Kernel, c.LoadBefore, c.LoadAfter, c.Priority, c.Command)
	for _, name := range slices.Sorted(maps.Keys(c.Versions)) {
		fmt.Fprintf(out, "- %s: %s\n", name, c.Versions[name])
	}
	return out.Flush()
}

// ratio of the no-op jobs a second of one contestant to those of another, round
// by round.
func (r *record) ratio(of string, to *result) string {
	i := slices.IndexFunc(r.Contestants, func(c *result) bool { return c.Name == of })
	if i < 0 || r.Contestants[i] == to {
		return ""
	}
	var ratios []float64
	for round, rate := range r.Contestants[i].Values[bulkRate] {
		ratios = append(ratios, rate/to.Values[bulkRate][round])
	}
	return fmt.Sprintf("%.2g", stats.Median(ratios))
}

func spread(values []float64) string {
	return fmt.Sprintf("%s (%s to %s)", figure(stats.Median(values)), figure(slices.Min(values)), figure(slices.Max(values)))
}

// figure has three digits that count, and commas in thousands.
func figure(v float64) string {
	if v < 100 {
		return fmt.Sprintf("%.3g", v)
	}
	unit := 1.0
	for v/unit >= 1000 {
		unit *= 10
	}
	text := fmt.Sprintf("%.0f", float64(int(v/unit+0.5))*unit)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func columns(w io.Writer, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	for n, row := range rows {
		for i, cell := range row {
			fmt.Fprintf(w, "| %s%s ", cell, strings.Repeat(" ", widths[i]-len([]rune(cell))))
		}
		fmt.Fprintln(w, "|")
		if n == 0 {
			for _, width := range widths {
				fmt.Fprintf(w, "|%s", strings.Repeat("-", width+2))
			}
			fmt.Fprintln(w, "|")
		}
	}
}
