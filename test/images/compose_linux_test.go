package images

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"turno"
	"turno/client"
	"turno/test/lab"
)

const composeFile = "../../deploy/compose/compose.yaml"

// also is what the test adds: a folder in which jobs leave marks.
const also = `services:
  worker:
    volumes: ["%s:%s"]
`

// composition is deploy/compose, up on an engine.
type composition struct {
	*engine
	more string // a file beside compose.yaml
}

// up is the one command; down the other.
func (c *composition) compose(t testing.TB, args ...string) string {
	t.Helper()
	out, err := c.try(t.Context(), "docker-compose", append([]string{"-p", "turno", "-f", composeFile, "-f", c.more}, args...)...)
	if err != nil {
		t.Fatalf("docker-compose %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// client speaks to the port that is published.
func (c *composition) client(t *testing.T) *client.Client {
	t.Helper()
	token, err := os.ReadFile(c.volume("token", "token"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := client.New(client.Options{
		URL: "http://127.0.0.1:5000", Token: strings.TrimSpace(string(token)),
		HTTPClient: &http.Client{Transport: &http.Transport{DialContext: c.dial, MaxIdleConnsPerHost: 16}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// volume is where a file of a volume lies.
func (c *composition) volume(name, file string) string {
	return filepath.Join(c.dir, "data", "volumes", "turno_"+name, "_data", file)
}

// many is 5,000 jobs, as test/kill mixes them.
var many = map[string]int{
	"noop": 2650, "nap": 150, "sleep": 1000, "command": 500, "brief": 200,
	"failing": 200, "retried": 150, "daemon": 100, "sleeper": 50,
}

// TestCompose_EveryContainerIsKilledInTurn brings the composition up with two
// workers, hands 5,000 jobs in, and kills the first process of each container,
// one after the other, while they run. Nobody starts anything again but the
// engine, by the restart policies. Each job ends once.
func TestCompose_EveryContainerIsKilledInTurn(t *testing.T) {
	e := startEngine(t)
	e.bases(t)
	e.servers(t)
	e.build(t, "server", "worker-cpu", "monitor")
	marks := filepath.Join(e.dir, "marks")
	if err := errors.Join(os.Mkdir(marks, 0o777), os.Chmod(marks, 0o777)); err != nil {
		t.Fatal(err)
	}
	c := &composition{e, filepath.Join(e.dir, "more.yaml")}
	if err := os.WriteFile(c.more, fmt.Appendf(nil, also, marks, marks), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			out, _ := c.try(context.Background(), "docker-compose", "-p", "turno", "-f", composeFile, "-f", c.more, "logs", "--no-color", "--tail", "40")
			t.Logf("the containers said:\n%s", out)
		}
	})
	began := time.Now()
	c.compose(t, "--profile", "monitoring", "up", "-d", "--no-build", "--scale", "worker=2", "scheduler", "standby", "api", "worker", "monitor")
	t.Logf("up in %s", time.Since(began).Round(100*time.Millisecond))
	c.checkSecrets(t)
	load := lab.LoadIn(marks)
	c.strikes(t, load)
	c.checkAgain(t, load)
}

// checkSecrets looks whether what was made is its reader's alone, and nowhere else.
func (c *composition) checkSecrets(t *testing.T) {
	t.Helper()
	var secrets []string
	for _, f := range []struct{ volume, file string }{
		{"secrets-broker", "password"}, {"secrets-store", "password"}, {"secrets-grafana", "password"},
		{"secrets-server", "config.yaml"}, {"secrets-worker", "config.yaml"}, {"token", "token"}, {"token-worker", "token"},
	} {
		path := c.volume(f.volume, f.file)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s of %s has mode %o", f.file, f.volume, info.Mode().Perm())
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if word := strings.TrimSpace(string(text)); f.file != "config.yaml" {
			if len(word) < 40 || slices.Contains(secrets, word) {
				t.Errorf("%s of %s: %d letters", f.file, f.volume, len(word))
			}
			secrets = append(secrets, word)
		}
	}
	told := c.docker(t, append([]string{"inspect"}, strings.Fields(c.docker(t, "ps", "-aq"))...)...) +
		c.compose(t, "logs", "--no-color")
	for _, word := range secrets {
		if strings.Contains(told, word) {
			t.Error("a secret is shown by docker inspect or in the logs")
		}
	}
}

// strikes hands the jobs in, a part with each strike and one before the first.
func (c *composition) strikes(t *testing.T, load *lab.Load) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	cl := c.client(t)
	ends := lab.Watch(ctx, t, cl)
	list := load.Jobs(t, many)
	victims := []string{"broker_1", "scheduler_1", "worker_1", "store_1", "api_1", "standby_1", "worker_2", "monitor_1"}
	parts := slices.Collect(slices.Chunk(list, (len(list)+len(victims))/(len(victims)+1)))
	began, handed := time.Now(), 0
	hand := func(part []turno.NewJob) <-chan error {
		handed += len(part)
		done := make(chan error, 1)
		go func() { // ends with ctx, and is waited for below
			var err error
			for some := range slices.Chunk(part, 100) {
				err = errors.Join(err, load.TrySubmit(ctx, cl, some))
			}
			done <- err
		}()
		return done
	}
	submitted := hand(parts[0])
	for i, victim := range victims {
		if err := <-submitted; err != nil {
			t.Fatal(err)
		}
		ends.Wait(ctx, t, handed-len(parts[i])/2)
		t.Logf("%s: %d of %d ended; kills %s", time.Since(began).Round(time.Second), ends.Count(), handed, victim)
		submitted = hand(parts[i+1])
		c.crash(t, "turno_"+victim)
	}
	if err := <-submitted; err != nil {
		t.Fatal(err)
	}
	load.CancelSleepers(ctx, t, cl)
	ends.Wait(ctx, t, len(list))
	t.Logf("%s: all %d ended", time.Since(began).Round(time.Second), len(list))
	load.Check(ctx, t, cl, ends)
	load.CheckFree(ctx, t, cl)
	for _, victim := range victims {
		if got := c.docker(t, "inspect", "-f", "{{.State.Running}} {{.RestartCount}}", "turno_"+victim); got == "true 0" || strings.HasPrefix(got, "false") {
			t.Errorf("%s, killed: %s", victim, got)
		}
	}
}

// checkAgain takes all down and up again: what was known is known.
func (c *composition) checkAgain(t *testing.T, load *lab.Load) {
	t.Helper()
	began := time.Now()
	c.compose(t, "--profile", "monitoring", "down", "-t", "60")
	t.Logf("down in %s", time.Since(began).Round(100*time.Millisecond))
	if left := c.docker(t, "ps", "-aq"); left != "" {
		t.Errorf("down left containers: %s", left)
	}
	c.compose(t, "up", "-d", "--no-build")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if got := len(load.Stored(ctx, t, c.client(t))); got != len(load.Accepted) {
		t.Errorf("after down and up there are %d jobs of %d", got, len(load.Accepted))
	}
	out := c.docker(t, "exec", "turno_api_1", "turno", "run", "--", "echo", "hello again")
	if !strings.Contains(out, "hello again") {
		t.Errorf("after down and up a command printed %q", out)
	}
}
