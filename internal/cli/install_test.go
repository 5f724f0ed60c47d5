package cli

import (
	"bytes"
	"strings"
	"testing"

	"turno/internal/config"
)

// TestInstall_ShowsWhatItWouldDo: the unit and the settings that were made,
// passwords too, quoted; nothing is written.
func TestInstall_ShowsWhatItWouldDo(t *testing.T) {
	t.Parallel()
	env := map[string]string{"TURNO_BROKER": "amqp://u:pw@b:5672/", "TURNO_RUNNERS": `mine=python3 "my runner.py"`}
	for _, root := range []bool{true, false} {
		var out, errs bytes.Buffer
		sys := &System{Config: config.Input{Home: "/home/ana", Root: root, Host: "lab1", Env: func(k string) (string, bool) { v, ok := env[k]; return v, ok }}}
		code := Main([]string{"install", "worker", "--print", "--cpus", "4"}, Stdio{Out: &out, Err: &errs}, Deps{System: sys})
		where := map[bool]string{true: "/etc/", false: "/home/ana/.config/"}[root]
		if code != 0 {
			t.Fatal(errs.String())
		}
		for _, want := range []string{"# " + where + "systemd/", `TURNO_BROKER="amqp://u:pw@b:5672/"`, `TURNO_RUNNERS="mine=python3 \"my runner.py\""`, `TURNO_CPUS="4"`, " worker\n", "EnvironmentFile=" + where + "turno/worker.env", "KillMode=process"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("does not say %q:\n%s", want, &out)
			}
		}
		if strings.Contains(out.String(), "TURNO_LEASE") {
			t.Error("tells what nobody has set")
		}
	}
	var errs bytes.Buffer
	if code := Main([]string{"install", "api"}, Stdio{Out: &errs, Err: &errs}, Deps{System: &System{}}); code != exitUsage {
		t.Errorf("code %d: %s", code, &errs)
	}
}
