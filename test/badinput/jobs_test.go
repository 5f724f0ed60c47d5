package badinput

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"turno"
	"turno/test/lab"
)

func touch(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// argv is a command without a shell.
func argv(words ...string) *turno.Spec {
	params, _ := json.Marshal(map[string]any{"command": words})
	return &turno.Spec{Type: "exec", Params: params, CPUs: 10, Grace: turno.Duration(time.Second)}
}

const hostile = `printf '\033]52;c;ZXZpbA==\007\033[2J\033[31mred\r\nlevel=INFO msg=forged\n\033]0;title\007<script>alert(1)</script>\n'`

// jobs: what a job may do to its neighbours, to who looks at it, and to the
// worker's disk.
func jobs(t *testing.T, s *stage) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name  string
		spec  *turno.Spec
		state turno.State
		check func(*testing.T, turno.Job)
	}{
		{"37 38 39 hostile output", lab.Command(hostile), turno.Succeeded, s.looksClean},
		{"44 no shell", argv("/bin/echo", "a; touch "+secret+".owned", "$(id)", "`id`", "|", "&&"), turno.Succeeded, func(t *testing.T, j turno.Job) {
			if got := s.output(t, j.Number); got != "a; touch "+secret+".owned $(id) `id` | &&\n" {
				t.Errorf("printed %q", got)
			}
		}},
		{"44 a program that is not there", argv("no-such-program; id"), turno.Failed, says("no-such-program")},
		{"45 a folder that is not there", &turno.Spec{Type: "exec", Params: argv("true").Params, Dir: "/no/such/folder", CPUs: 10}, turno.Failed, says("/no/such/folder")},
		{"48 a daemon left behind", lab.Command("setsid sleep 1000 >/dev/null 2>&1 & exit 0"), turno.Succeeded, nil},
		{"kills its own group", lab.Command("kill -KILL 0"), turno.Failed, nil},
		{"closes what it was given", lab.Command("exec 0<&- 1>&- 2>&-; exit 7"), turno.Failed, nil},
		{"49 a flood of output", lab.Command("yes | head -c 30000000"), turno.Succeeded, nil},
		{"a line of 5 MB", lab.Command("head -c 5000000 /dev/zero | tr '\\0' x"), turno.Succeeded, nil},
		{"zeros for output", lab.Command("head -c 1000000 /dev/zero"), turno.Succeeded, nil},
		{"ends with 255", lab.Command("exit 255"), turno.Failed, nil},
		{"38 a hostile reason", lab.Command(hostile + ` > "$TURNO_ERROR_FILE"; head -c 3000000 /dev/zero >> "$TURNO_ERROR_FILE"; exit 1`), turno.Failed, s.looksClean},
		{"35 a link for an artifact", lab.Command("ln -s " + secret + ` "$TURNO_OUTPUT_DIR/link"; ln ` + secret + ` "$TURNO_OUTPUT_DIR/hard" 2>/dev/null; echo x > "$TURNO_OUTPUT_DIR/good"`), turno.Succeeded, s.keepsNothing()},
		{"35 a pipe for an artifact", lab.Command(`mkfifo "$TURNO_OUTPUT_DIR/pipe"; echo x > "$TURNO_OUTPUT_DIR/good"`), turno.Succeeded, s.keepsNothing()},
		{"35 a link to a folder", lab.Command(`ln -s / "$TURNO_OUTPUT_DIR/root"; echo x > "$TURNO_OUTPUT_DIR/good"`), turno.Succeeded, s.keepsNothing()},
		{"its folder is gone", lab.Command(`rm -rf "$TURNO_OUTPUT_DIR" .`), "", nil},
		{"40 a page for an artifact", lab.Command(`echo '<script>alert(1)</script>' > "$TURNO_OUTPUT_DIR/page.html"`), turno.Succeeded, s.isAttachment},
		{"a time limit", &turno.Spec{Type: "exec", Params: argv("sleep", "1000").Params, CPUs: 10, TimeLimit: turno.Duration(time.Second), Grace: turno.Duration(time.Second)}, turno.Failed, says("limit")},
		{"ignores TERM", &turno.Spec{Type: "exec", Params: lab.Command(`trap "" TERM INT HUP; while :; do sleep 0.1; done`).Params, CPUs: 10, TimeLimit: turno.Duration(time.Second), Grace: turno.Duration(time.Second)}, turno.Failed, says("limit")},
		{"more than the machine has", &turno.Spec{Type: "noop", CPUs: 60000 * turno.CPU}, turno.Cancelled, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s.given.Add(1)
			ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
			defer cancel()
			if c.state == turno.Cancelled {
				s.neverRuns(ctx, t, c.spec)
				return
			}
			j := s.run(ctx, c.spec)
			if c.state != "" && j.State != c.state {
				t.Errorf("%s, want %s: %s", j.State, c.state, j.Detail)
			}
			if j.State == turno.Failed && j.Detail == "" {
				t.Error("does not say why it failed")
			}
			if c.check != nil {
				c.check(t, j)
			}
		})
	}
}

func says(word string) func(*testing.T, turno.Job) {
	return func(t *testing.T, j turno.Job) {
		if !strings.Contains(j.Detail, word) {
			t.Errorf("says %q, and not %s", j.Detail, word)
		}
	}
}

// neverRuns: it waits with its reason, is flagged at once, and can be cancelled.
func (s *stage) neverRuns(ctx context.Context, t *testing.T, spec *turno.Spec) {
	out, err := s.c.Submit(ctx, []turno.NewJob{{ID: lab.NewID(t), Spec: spec}})
	if err != nil || out[0].Error != nil || out[0].Warning == "" {
		t.Fatalf("%v %+v", err, out)
	}
	number := strconv.FormatInt(out[0].Number, 10)
	if why, err := s.c.Explain(ctx, number); err != nil || !why.Impossible {
		t.Errorf("explained as %+v: %v", why, err)
	}
	if acted, err := s.c.Act(ctx, turno.Action{Verb: turno.Cancel, Jobs: []string{number}}); err != nil || acted[0].Error != nil {
		t.Errorf("%v %+v", err, acted)
	}
}

func (s *stage) output(t *testing.T, number int64) string {
	t.Helper()
	l, err := s.c.Log(t.Context(), turno.LogQuery{Job: strconv.FormatInt(number, 10), Max: 1 << 20, Wait: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return string(l.Data)
}

// looksClean: whoever looks at the job at a terminal is not written to by it.
func (s *stage) looksClean(t *testing.T, j turno.Job) {
	t.Helper()
	number := strconv.FormatInt(j.Number, 10)
	for _, line := range []string{"logs " + number, "show " + number, "ps " + number, "ps -a -o wide", "why " + number} {
		out := s.terminal(t, line)
		for _, bad := range []string{"\x1b]", "\x1b[2J", "\x07", "\x1b[31mred"} {
			if strings.Contains(out, bad) {
				t.Errorf("turno %s writes %q to the terminal: %.500q", line, bad, out)
			}
		}
	}
	if j.Detail != "" && len(j.Detail) > 5000 {
		t.Errorf("its reason has %d bytes", len(j.Detail))
	}
	res, text, err := s.send(request{method: "GET", path: jobsPath + "/" + number + "/log"})
	if err != nil || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain") || res.Header.Get("X-Content-Type-Options") != "nosniff" ||
		!strings.Contains(res.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("a browser may take it for a page: %v %v %.100s", err, res.Header, text)
	}
}

// terminal is what a command writes to a terminal.
func (s *stage) terminal(t *testing.T, line string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "script", "-qec", s.d.Binary+" "+line, "/dev/null")
	cmd.Env = s.environ()
	out, err := cmd.CombinedOutput()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatal(err)
	}
	if len(bytes.TrimSpace(out)) == 0 && !strings.HasPrefix(line, "logs") {
		t.Errorf("turno %s wrote nothing", line)
	}
	return string(out)
}

func (s *stage) environ() []string {
	return append(os.Environ(), "TURNO_DATA="+s.d.Data, "TURNO_SERVER="+s.url, "TERM=xterm", "HOME="+s.d.Data, "LC_ALL=C.UTF-8")
}

func (s *stage) artifacts(t *testing.T, j turno.Job) string {
	t.Helper()
	res, text, err := s.send(request{method: "GET", path: jobsPath + "/" + strconv.FormatInt(j.Number, 10) + "/artifacts"})
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("%v %s", err, text)
	}
	return text
}

// keepsNothing: a link, a pipe or a device is not followed.
func (s *stage) keepsNothing() func(*testing.T, turno.Job) {
	return func(t *testing.T, j turno.Job) {
		list := s.artifacts(t, j)
		if !strings.Contains(list, `"good"`) || strings.Contains(list, `"root/`) || strings.Contains(list, `"pipe"`) {
			t.Errorf("kept %s", list)
		}
		for _, name := range []string{"link", "root/etc/passwd"} {
			res, text, err := s.send(request{method: "GET", path: jobsPath + "/" + strconv.FormatInt(j.Number, 10) + "/artifacts/" + name})
			if err != nil || res.StatusCode == 200 && strings.Contains(text, "secret") || strings.Contains(text, "root:x:0") {
				t.Errorf("%s gives %.200s: %v", name, text, err)
			}
		}
	}
}

func (s *stage) isAttachment(t *testing.T, j turno.Job) {
	res, text, err := s.send(request{method: "GET", path: jobsPath + "/" + strconv.FormatInt(j.Number, 10) + "/artifacts/page.html"})
	if err != nil || res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Disposition"), "attachment") ||
		res.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(res.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%v %d %v %s", err, res.StatusCode, res.Header, text)
	}
}
