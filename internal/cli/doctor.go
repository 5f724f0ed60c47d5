package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"turno"
	"turno/internal/config"
)

const (
	doctorShort = "check this machine and the server, part by part, and say how to mend"
	doctorLong  = `Checks what turno needs, one line each: OK, WARN (works, but) or FAIL, and what to
do about it. Exits 1 if anything failed. It changes nothing but a test file in
the data folder, which it removes.`

	// Below these a store that grows has hours or minutes left.
	spaceWarn = 2 << 30
	spaceFail = 200 << 20
	// A slower disk makes every commit slow; a laptop's SSD takes 1 to 5 ms.
	fsyncWarn = 20 * time.Millisecond
	// checkTime bounds each check that could hang.
	checkTime = 10 * time.Second
)

// check is one line of doctor.
type check struct {
	Name  string `json:"name"`
	State string `json:"state"` // ok, warn, fail
	Text  string `json:"text"`
	Fix   string `json:"fix,omitempty"`
}

func okay(name, format string, args ...any) check {
	return check{Name: name, State: "ok", Text: fmt.Sprintf(format, args...)}
}

func warn(name, fix, format string, args ...any) check {
	return check{Name: name, State: "warn", Text: fmt.Sprintf(format, args...), Fix: fix}
}

func fail(name, fix, format string, args ...any) check {
	return check{Name: name, State: "fail", Text: fmt.Sprintf(format, args...), Fix: fix}
}

func (s *session) doctorCommand() *cobra.Command {
	var f format
	cmd := &cobra.Command{Use: "doctor", Short: doctorShort, Long: doctorLong, Args: cobra.NoArgs}
	f.add(cmd.Flags())
	s.addSettings(cmd.Flags(), "api", "role", "worker")
	cmd.RunE = s.command(func(ctx context.Context, cmd *cobra.Command, _ []string) error {
		checks := s.doctor(ctx, cmd)
		bad := 0
		for _, c := range checks {
			if c.State == "fail" {
				bad++
			}
		}
		if f.data() {
			if err := f.write(s.io.Out, map[string]any{"checks": checks, "failed": bad}); err != nil {
				return err
			}
			return quiet(min(bad, exitFailed))
		}
		for _, c := range checks {
			s.showCheck(c)
		}
		if bad > 0 {
			return failed(exitFailed, "%d of %d checks failed", bad, len(checks))
		}
		return nil
	})
	return cmd
}

func (s *session) showCheck(c check) {
	mark := map[string]string{"ok": s.look.green("OK  "), "warn": s.look.yellow("WARN"), "fail": s.look.red("FAIL")}[c.State]
	s.printf("%s  %-10s %s\n", mark, c.Name, clean(c.Text, false))
	if c.Fix != "" {
		s.printf("      %-10s %s %s\n", "", s.look.dim("→"), clean(c.Fix, false))
	}
}

func (s *session) doctor(ctx context.Context, cmd *cobra.Command) []check {
	in := s.sys.Config
	in.Flags, in.File = s.settingFlags(cmd), s.configFile
	cfg, err := config.Load(in)
	if err == nil {
		err = cfg.Validate("all")
	}
	checks := []check{okay("version", "%s", thisVersion())}
	if err != nil {
		checks = append(checks, fail("settings", "turno config shows where each comes from", "%s", strings.ReplaceAll(err.Error(), "\n", "; ")))
	} else {
		checks = append(checks, okay("settings", "no problem"))
	}
	looking, looked := context.WithTimeout(ctx, checkTime)
	checks = append(checks, checkContainer(s.lookAround(looking, cfg), cfg)...)
	looked()
	checks = append(checks, checkData(cfg), checkSpace(cfg), checkFsync(cfg), checkToken(cfg))
	server, reached := s.checkServer(ctx, cfg)
	checks = append(checks, server...)
	checks = append(checks, checkPort(cfg, reached))
	parts := []struct{ name, value, own string }{{"broker", cfg.Broker, "embedded"}, {"store", cfg.Store, "sqlite"}}
	if of, j, ok, err := cfg.OfJoined(); ok || err != nil {
		checks, parts = append(checks, s.checkJoined(ctx, of, j, err)), nil // it reaches both by the other machine
	}
	for _, part := range parts {
		checks = append(checks, s.checkPart(ctx, cfg, part.name, part.value, part.own))
	}
	checks = append(checks, s.checkMachine(ctx, cfg)...)
	return append(checks, checkClock(time.Now()), checkPython())
}

func checkData(cfg config.Config) check {
	const name = "data"
	info, err := os.Stat(cfg.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		parent := cfg.Data
		for errors.Is(err, fs.ErrNotExist) && parent != filepath.Dir(parent) {
			parent = filepath.Dir(parent)
			_, err = os.Stat(parent)
		}
		if f, err := os.CreateTemp(parent, ".turno-doctor-*"); err == nil {
			f.Close()
			os.Remove(f.Name())
			return okay(name, "%s is not there yet; turno up makes it", cfg.Data)
		}
		return fail(name, "choose a folder with --data or TURNO_DATA", "%s is not there and cannot be made by this user", cfg.Data)
	case err != nil:
		return fail(name, "choose a folder with --data or TURNO_DATA", "%v", err)
	case !info.IsDir():
		return fail(name, "choose a folder with --data or TURNO_DATA", "%s is not a folder", cfg.Data)
	}
	f, err := os.CreateTemp(cfg.Data, ".turno-doctor-*")
	if err != nil {
		return fail(name, "run turno as the folder's owner, or choose another with --data", "%s cannot be written: %v", cfg.Data, err)
	}
	f.Close()
	os.Remove(f.Name())
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o066 != 0 {
		return warn(name, "chmod 700 "+quote(cfg.Data), "%s can be listed or written by others (mode %o)", cfg.Data, info.Mode().Perm())
	}
	return okay(name, "%s, writable, for its owner only", cfg.Data)
}

// existing is the folder, or the first one above that is there.
func existing(dir string) string {
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(dir); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	return dir
}

func checkSpace(cfg config.Config) check {
	free, err := freeSpace(existing(cfg.Data))
	switch {
	case err != nil:
		return warn("space", "", "free space is not known: %v", err)
	case free < spaceFail:
		return fail("space", "free some, or choose another disk with --data", "only %s free", config.FormatBytes(free))
	case free < spaceWarn:
		return warn("space", "logs and history need room; free some, or choose another disk with --data", "%s free", config.FormatBytes(free))
	}
	return okay("space", "%s free", config.FormatBytes(free))
}

func checkFsync(cfg config.Config) check {
	p50, worst, err := fsyncTimes(existing(cfg.Data), 25)
	switch {
	case err != nil:
		return warn("fsync", "", "was not measured: %v", err)
	case p50 > fsyncWarn:
		return warn("fsync", "put the data folder on a local SSD", "%s each (worst %s): every commit waits so long", short(p50), short(worst))
	}
	return okay("fsync", "%s each (worst %s of 25)", short(p50), short(worst))
}

// fsyncTimes writes and syncs a block n times.
func fsyncTimes(dir string, n int) (p50, worst time.Duration, err error) {
	f, err := os.CreateTemp(dir, ".turno-fsync-*")
	if err != nil {
		return 0, 0, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	times := make([]time.Duration, n)
	block := make([]byte, 4096)
	for i := range times {
		start := time.Now()
		if _, err := f.Write(block); err != nil {
			return 0, 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, 0, err
		}
		times[i] = time.Since(start)
	}
	slices.Sort(times)
	return times[n/2], times[n-1], nil
}

func checkToken(cfg config.Config) check {
	token, from, err := cfg.ReadToken()
	switch {
	case err != nil:
		return fail("token", "set TURNO_TOKEN, or token_file to a file that you can read", "%v", err)
	case token == "":
		return okay("token", "none yet; turno up makes %s", cfg.TokenPath())
	}
	if info, err := os.Stat(from); err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return fail("token", "chmod 600 "+quote(from)+", and make a new one: others may have read it", "%s can be read by others (mode %o)", from, info.Mode().Perm())
	}
	return okay("token", "from %s", from)
}

// checkServer asks the server something, and about its workers.
func (s *session) checkServer(ctx context.Context, cfg config.Config) (checks []check, reached bool) {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	svc, err := s.deps.Dial(cfg)
	var summary turno.Summary
	if err == nil {
		summary, err = svc.Summary(ctx)
	}
	switch {
	case hasCode(err, turno.CodeUnauthorized, turno.CodeForbidden):
		return []check{fail("server", "set TURNO_TOKEN or token_file to the server's token", "%s refuses the token: %v", cfg.Server, err)}, true
	case err != nil && cfg.Explicit("server"):
		return []check{fail("server", "is the address right, and does it run? its log says more", "%s does not answer: %v", cfg.Server, err)}, false
	case err != nil:
		return []check{warn("server", "turno up starts one here; --server or TURNO_SERVER names another", "none answers at %s", cfg.Server)}, false
	}
	checks = append(checks, okay("server", "%s answers and takes the token; %d jobs wait, %d run", cfg.Server, summary.States[turno.Queued], summary.States[turno.Running]))
	workers, err := svc.Workers(ctx)
	ready, first := 0, ""
	for i := range workers {
		if workers[i].State == turno.WorkerReady {
			ready++
		} else if first == "" {
			first = fmt.Sprintf("; %s is %s", workers[i].Name, workers[i].State)
		}
	}
	switch {
	case err != nil:
		checks = append(checks, fail("workers", "does the scheduler run? its log says more", "%v", err))
	case ready == 0:
		checks = append(checks, warn("workers", "turno worker starts one; turno nodes shows those that are known", "none is ready%s", first))
	default:
		checks = append(checks, okay("workers", "%d of %d ready%s", ready, len(workers), first))
	}
	for i := range workers {
		for _, g := range workers[i].Machine.GPUs {
			if g.Quarantine != "" {
				checks = append(checks, warn("gpu", "it takes jobs again by itself once that is over", "GPU %d of %s is in quarantine: %s", g.Index, workers[i].Name, g.Quarantine))
			}
		}
		for _, text := range workers[i].Machine.Trouble {
			checks = append(checks, warn("jobs", "a restart of the machine ends what the kernel holds", "on %s: %s", workers[i].Name, text))
		}
		for _, r := range workers[i].Machine.Runners {
			if r.State == turno.RunnerFailed {
				checks = append(checks, warn("runner", "mend its command; the worker tries again by itself", "%s on %s: %s", r.Engine, workers[i].Name, r.Reason))
			}
		}
	}
	return checks, true
}

func checkPort(cfg config.Config, reached bool) check {
	l, err := net.Listen("tcp", cfg.Listen)
	if err == nil {
		l.Close()
		return okay("port", "%s is free", cfg.Listen)
	}
	_, port, _ := net.SplitHostPort(cfg.Listen)
	switch {
	case reached && strings.HasSuffix(cfg.Server, ":"+port):
		return okay("port", "%s is this server's", cfg.Listen)
	case runtime.GOOS == "darwin" && port == "5000":
		return warn("port", "turno up takes the next free one; or turn the AirPlay Receiver off in the settings", "%s is taken, on macOS by the AirPlay Receiver", cfg.Listen)
	}
	return warn("port", "turno up takes the next free one; --listen chooses another", "%s cannot be used: %v", cfg.Listen, err)
}

func (s *session) checkPart(ctx context.Context, cfg config.Config, name, value, own string) check {
	if value == own {
		return okay(name, "%s, part of turno up", own)
	}
	if s.deps.Probe == nil {
		return warn(name, "", "%s was not tried", config.Redact(value))
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	found, err := s.deps.Probe(ctx, cfg, name)
	if err != nil {
		return fail(name, "does it run, and are address, user and password right?", "%s: %v", config.Redact(value), err)
	}
	if at := config.Redact(value); !strings.Contains(found, at) {
		found += " at " + at
	}
	return okay(name, "%s", found)
}

func (s *session) checkMachine(ctx context.Context, cfg config.Config) []check {
	if s.deps.Machine == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	m, why, err := s.deps.Machine(ctx, cfg)
	if err != nil {
		return []check{fail("machine", "", "%v", err)}
	}
	checks := []check{okay("machine", "%s CPUs, %s memory, %s/%s", m.CPUs, config.FormatBytes(m.Memory), m.OS, m.Arch)}
	checks = append(checks, okay("gpu", "%s", gpuLine(m.GPUs, why)))
	switch {
	case m.Isolation == "":
	case strings.HasPrefix(m.Isolation, "cgroup") && !strings.Contains(m.Isolation, "no limits"):
		checks = append(checks, okay("isolation", "%s", m.Isolation))
	case strings.HasPrefix(m.Isolation, "cgroup"):
		checks = append(checks, warn("isolation", "run the worker as root or in a delegated cgroup, so that memory and CPU limits hold", "%s", m.Isolation))
	case m.OS != "linux":
		checks = append(checks, warn("isolation", "workers on Linux hold jobs to limits", "%s", m.Isolation))
	default:
		checks = append(checks, warn("isolation", "run the worker as root or in a delegated cgroup (systemd: Delegate=yes)", "%s: jobs are ended whole, limits are not enforced", m.Isolation))
	}
	return checks
}

func checkClock(now time.Time) check {
	if now.Year() < 2025 {
		return fail("clock", "set the clock", "says %s", now.Format(time.RFC3339))
	}
	if synced, known := clockSynced(); known && !synced {
		return warn("clock", "start chrony or systemd-timesyncd: several machines should agree on the time", "%s, not synchronized with others", now.Format(time.RFC3339))
	}
	return okay("clock", "%s", now.Format(time.RFC3339))
}

func checkPython() check {
	path, err := exec.LookPath("python3")
	if err != nil {
		return okay("python", "no python3: only the PyTorch workloads need it")
	}
	return okay("python", "%s, for the PyTorch workloads", path)
}
