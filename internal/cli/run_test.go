package cli_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"turno"
)

// later does something with a job after a while, in a goroutine of the bubble.
func later(f *fake, d time.Duration, do func()) {
	time.AfterFunc(d, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		do()
	})
}

func failedWith(code int) turno.Result {
	return turno.Result{State: turno.Failed, Reason: turno.ReasonExitCode, ExitCode: code}
}

var succeeded = turno.Result{State: turno.Succeeded, Reason: turno.ReasonCompleted}

func TestRun_StreamsAndMirrorsTheExitCode(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		result turno.Result
		code   int
		errs   string
	}{
		{"success", succeeded, 0, ""},
		{"exit code", failedWith(7), 7, ""},
		{"signal", turno.Result{State: turno.Failed, Reason: turno.ReasonSignal, Signal: "SEGV", Message: "ended by signal SEGV"}, 139, "ended by signal SEGV"},
		{"timeout", turno.Result{State: turno.Failed, Reason: turno.ReasonTimeout, Message: "ran longer than 5m"}, 124, "job 1 failed (Timeout): ran longer than 5m"},
		{"lost", turno.Result{State: turno.Lost, Reason: turno.ReasonWorkerLost}, 1, "WorkerLost"},
		{"out of memory", turno.Result{State: turno.Failed, Reason: turno.ReasonHostOOM, ExitCode: 137}, 137, "HostOOM"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, time.Now)
				r.svc.began = func(f *fake, j *turno.Job) {
					later(f, time.Second, func() { f.start(j) })
					later(f, 3*time.Second, func() { f.end(j, tt.result, "one\n\x1b]0;evil\x07two\n") })
				}
				if code := r.run("run", "--", "x"); code != tt.code {
					t.Errorf("exit code %d, want %d", code, tt.code)
				}
				if r.out.String() != "one\ntwo\n" {
					t.Errorf("output %q", &r.out)
				}
				if !strings.Contains(r.errs.String(), tt.errs) || (tt.errs == "" && r.errs.Len() > 0) {
					t.Errorf("errors %q, want %q", &r.errs, tt.errs)
				}
			})
		})
	}
}

func TestRun_FollowsRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Now)
		r.svc.began = func(f *fake, j *turno.Job) {
			f.start(j)
			later(f, time.Second, func() {
				f.end(j, failedWith(1), "first\n")
				j.State, j.Reason, j.Result = turno.Queued, turno.ReasonBackoff, nil
				f.tell(j)
			})
			later(f, 5*time.Second, func() { f.start(j) })
			later(f, 6*time.Second, func() { f.end(j, succeeded, "second\n") })
		}
		if got := r.must("run", "--retries", "1", "--", "x"); got != "first\nsecond\n" {
			t.Errorf("output %q", got)
		}
		if !strings.Contains(r.errs.String(), "--- attempt 2 ---") {
			t.Errorf("errors %q", &r.errs)
		}
	})
}

func TestRun_CtrlCCancelsThenKills(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Now)
		r.signals = make(chan os.Signal, 4)
		r.sys.Signals = r.signals
		r.svc.began = func(f *fake, j *turno.Job) { f.start(j) }
		r.svc.acted = func(f *fake, a turno.Action, j *turno.Job) *turno.Error {
			if a.Force {
				f.end(j, turno.Result{State: turno.Cancelled, Reason: turno.ReasonCancelled, Signal: "KILL"}, "bye\n")
			} else {
				j.State, j.Reason = turno.Stopping, turno.ReasonCancelling
				f.tell(j)
			}
			return nil
		}
		time.AfterFunc(time.Second, func() { r.signals <- os.Interrupt })
		time.AfterFunc(2*time.Second, func() { r.signals <- syscall.SIGINT })
		if code := r.run("run", "--", "x"); code != 130 {
			t.Errorf("exit code %d, want 130", code)
		}
		if len(r.svc.actions) != 2 || r.svc.actions[0].Force || !r.svc.actions[1].Force || r.out.String() != "bye\n" {
			t.Errorf("orders %+v, output %q", r.svc.actions, &r.out)
		}
	})
}

func TestRun_RefusesSeveral(t *testing.T) {
	t.Parallel()
	r := newRig(t, atNoon)
	if code := r.run("run", "-a", "0-3", "--", "x"); code != 2 {
		t.Errorf("exit code %d", code)
	}
}

func TestWait_ExitCodes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Now)
		r.svc.began = func(f *fake, j *turno.Job) {
			f.start(j)
			result := succeeded
			if j.Number == 2 {
				result = failedWith(9)
			}
			later(f, time.Duration(j.Number)*time.Minute, func() { f.end(j, result, "") })
		}
		r.must("submit", "--", "a")
		r.must("submit", "--", "b")
		r.must("submit", "--", "c")
		if code := r.run("wait", "3", "--timeout", "30s"); code != 124 || !strings.Contains(r.errs.String(), "0 of 1 jobs have ended") {
			t.Errorf("timeout: %d %s", code, &r.errs)
		}
		if code := r.run("wait", "--any", "1-3"); code != 0 {
			t.Errorf("any: %d", code)
		}
		if code := r.run("wait", "1-3"); code != 9 || !strings.Contains(r.out.String(), "Job 2 failed (ExitCode), exit code 9 after 2m0s") {
			t.Errorf("all: %d\n%s", code, &r.out)
		}
		if code := r.run("wait", "77"); code != 3 {
			t.Errorf("unknown: %d", code)
		}
	})
}

func TestSubmit_Wait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Now)
		r.svc.began = func(f *fake, j *turno.Job) {
			f.start(j)
			later(f, time.Second, func() { f.end(j, failedWith(3), "") })
		}
		if code := r.run("submit", "--wait", "--parsable", "--", "a"); code != 3 || r.out.String() != "1\n" {
			t.Errorf("%d %q %s", code, &r.out, &r.errs)
		}
	})
}

func TestWatch_LinesOfJSON(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Now)
		later(r.svc, time.Second, func() {})
		time.AfterFunc(time.Second, func() { _, _ = r.svc.Submit(t.Context(), []turno.NewJob{{Spec: &turno.Spec{Type: "noop", Name: "n"}}}) })
		r.svc.began = func(f *fake, j *turno.Job) { f.start(j); f.end(j, succeeded, "") }
		lines := strings.Split(strings.TrimSpace(r.must("watch", "-o", "json", "--count", "3")), "\n")
		var states []turno.State
		for _, l := range lines {
			var e turno.Event
			if err := json.Unmarshal([]byte(l), &e); err != nil {
				t.Fatal(err)
			}
			states = append(states, e.State)
		}
		if !slices.Equal(states, []turno.State{turno.Queued, turno.Running, turno.Succeeded}) {
			t.Errorf("states %v", states)
		}
	})
}

func TestWatch_EndsAtCtrlC(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Now)
		r.signals = make(chan os.Signal, 1)
		r.sys.Signals = r.signals
		time.AfterFunc(time.Second, func() { r.signals <- os.Interrupt })
		if code := r.run("watch"); code != 130 || r.errs.Len() > 0 {
			t.Errorf("%d %q", code, &r.errs)
		}
	})
}

func TestLogs_TailAndRaw(t *testing.T) {
	t.Parallel()
	r := newRig(t, atNoon)
	text := strings.Repeat("filler line\n", 20_000) + "a\n\x1b[31mred\x1b[0m\nlast\n"
	r.svc.began = func(f *fake, j *turno.Job) { f.start(j); f.end(j, succeeded, text) }
	r.must("submit", "--", "x")
	for _, tt := range []struct{ args, want string }{
		{"--tail 1", "last\n"},
		{"--tail 2", "red\nlast\n"},
		{"--tail 2 --raw", "\x1b[31mred\x1b[0m\nlast\n"},
		{"--tail 0", ""},
		{"--tail 3 -f", "a\nred\nlast\n"},
		{"--tail 30000 --raw", text},
		{"--attempt 1 --tail 1", "last\n"},
	} {
		if got := r.must(append([]string{"logs", "1"}, strings.Fields(tt.args)...)...); got != tt.want {
			t.Errorf("%s: %.80q, want %.80q", tt.args, got, tt.want)
		}
	}
}

func TestLogs_StripsWhatActsOnATerminal(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain ñ 漢字 🙂\ttab\r\n":                "plain ñ 漢字 🙂\ttab\r\n",
		"\x1b]52;c;ZXZpbA==\x07after":          "after",
		"\x1b]0;title\x1b\\after":              "after",
		"\x1bPq#0;2;0;0;0\x1b\\after":          "after",
		"\x1b[2J\x1b[1;31mx\x1b[0m":            "x",
		"\x1b(0lqk\x1b(B":                      "lqk",
		"a\x08b\x07c\x7fd\x00":                 "abcd",
		"\u009b31mx \u009d0;t\x07y":            "x y",
		"bad \xff\xfe utf8 \xc3":               "bad \uFFFD\uFFFD utf8 ",
		"user\u202egnp.exe \u2066x":            "usergnp.exe x",
		"\x1b[38;5;196\nnext line is not lost": "next line is not lost",
	} {
		r := newRig(t, atNoon)
		r.svc.began = func(f *fake, j *turno.Job) { f.start(j); f.end(j, succeeded, in) }
		r.must("submit", "--", "x")
		if got := r.must("logs", "1"); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
