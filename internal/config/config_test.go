package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"turno/internal/config"
)

// input is an Input that sees nothing of this machine.
func input(t *testing.T, env map[string]string) config.Input {
	t.Helper()
	return config.Input{
		Home: t.TempDir(), Host: "lab-1", Flags: map[string]string{},
		Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func setting(t *testing.T, c config.Config, key string) config.Setting {
	t.Helper()
	for _, s := range c.Settings() {
		if s.Key == key {
			return s
		}
	}
	t.Fatalf("no setting %q", key)
	return config.Setting{}
}

func TestLoad_Precedence(t *testing.T) {
	t.Parallel()
	in := input(t, map[string]string{"TURNO_LEASE": "90", "TURNO_ORDER": "fifo"})
	file := filepath.Join(in.Home, ".config", "turno", "config.yaml")
	write(t, file, "lease: 10m\norder: fair\nheartbeat: 1s\nallow_hosts: [a, b]\nmemory: 1.5G\n")
	in.Flags["lease"] = "2m"
	c, err := config.Load(in)
	if err != nil {
		t.Fatal(err)
	}
	if c.Lease != 2*time.Minute || c.Order != "fifo" || c.Heartbeat != time.Second || len(c.AllowHosts) != 2 || c.Memory != 3<<29 {
		t.Errorf("got %+v", c)
	}
	for key, from := range map[string]string{
		"lease": "flag --lease", "order": "environment TURNO_ORDER", "heartbeat": "file " + file + ":3", "listen": "default",
	} {
		if got := setting(t, c, key).From; got != from {
			t.Errorf("%s comes from %q, want %q", key, got, from)
		}
	}
	if !c.Explicit("heartbeat") || c.Explicit("listen") {
		t.Error("Explicit is wrong")
	}
	if err := c.Validate("all"); err != nil {
		t.Error(err)
	}
}

func TestLoad_DefaultsOfRootAndUser(t *testing.T) {
	t.Parallel()
	in := input(t, nil)
	c, err := config.Load(in)
	if err != nil || c.Data != filepath.Join(in.Home, ".local/share/turno") || c.Worker != "lab-1" {
		t.Errorf("user: %v %+v", err, c)
	}
	in.Root, in.Host = true, "-höst name"
	c, _ = config.Load(in)
	if c.Data != "/var/lib/turno" || c.Worker != "h-st-name" {
		t.Errorf("root: %q %q", c.Data, c.Worker)
	}
}

func TestLoad_FindsServerOfDataFolder(t *testing.T) {
	t.Parallel()
	in := input(t, nil)
	in.Flags["data"] = t.TempDir()
	write(t, filepath.Join(in.Flags["data"], config.ServerName), "http://127.0.0.1:5003\n")
	write(t, filepath.Join(in.Flags["data"], config.TokenName), "turno_secret\n")
	c, err := config.Load(in)
	if err != nil || c.Server != "http://127.0.0.1:5003" {
		t.Errorf("%v, server %q", err, c.Server)
	}
	if token, _, err := c.ReadToken(); token != "turno_secret" || err != nil {
		t.Errorf("token %q %v", token, err)
	}
}

// A disk that was full may have left an empty one.
func TestLoad_TakesNoServerFromAnEmptyFile(t *testing.T) {
	t.Parallel()
	in := input(t, nil)
	in.Flags["data"] = t.TempDir()
	write(t, filepath.Join(in.Flags["data"], config.ServerName), "")
	c, err := config.Load(in)
	if err != nil || c.Server != "http://127.0.0.1:5000" {
		t.Errorf("server %q, %v", c.Server, err)
	}
}

func TestLoad_EveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	in := input(t, map[string]string{"TURNO_FAKE_GPUS": "many"})
	in.File = filepath.Join(t.TempDir(), "c.yaml")
	write(t, in.File, "lisen: 1\nlease: soon\nzzzzzz: 1\n")
	_, err := config.Load(in)
	if err == nil {
		t.Fatal("no error")
	}
	want := []string{
		in.File + `:1: there is no setting "lisen"; did you mean "listen"?`,
		`lease (file ` + in.File + `:2): "soon" is not a time such as 30s, 5m or 1h`,
		in.File + `:3: there is no setting "zzzzzz"`,
		`fake_gpus (environment TURNO_FAKE_GPUS): "many" is not a whole number`,
	}
	if got := err.Error(); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func TestLoad_FileThatIsNotThere(t *testing.T) {
	t.Parallel()
	in := input(t, nil)
	in.File = filepath.Join(t.TempDir(), "none.yaml")
	if _, err := config.Load(in); err == nil {
		t.Error("a file that was asked for and is not there passed")
	}
}

func TestValidate_Table(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		flag, value string
		roles       []string
		want        string // part of the problem; empty: none
	}{
		{"listen", "0.0.0.0:5000", []string{"all"}, "reaches beyond this machine"},
		{"listen", "0.0.0.0:5000", []string{"worker"}, "embedded is for turno up"},
		{"listen", "[::1]:0", []string{"all"}, ""},
		{"listen", "5000", []string{"api"}, "use HOST:PORT"},
		{"order", "fiar", nil, "did you mean fair?"},
		{"broker", "redis://x", nil, "use embedded, nats://"},
		{"store", "postgres://u:secret@h/db", []string{"all"}, ""},
		{"server", "localhost:5000", nil, "use a URL such as"},
		{"worker", "a b", nil, "letters, digits"},
		{"lease", "1s", nil, "three heartbeats"},
		{"heartbeat", "1ms", nil, "50ms to 1m"},
	} {
		in := input(t, nil)
		in.Flags[tt.flag] = tt.value
		c, err := config.Load(in)
		if err != nil {
			t.Fatal(err)
		}
		err = c.Validate(tt.roles...)
		if (err == nil) != (tt.want == "") || (err != nil && !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s=%s: got %v, want %q", tt.flag, tt.value, err, tt.want)
		}
	}
}

func TestSettings_HideSecrets(t *testing.T) {
	t.Parallel()
	in := input(t, map[string]string{
		"TURNO_TOKEN": "turno_geheim", "TURNO_BROKER": "amqp://u:geheim@h:5672/", "TURNO_STORE": "postgres://h/db?password=geheim",
	})
	c, err := config.Load(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range c.Settings() {
		if strings.Contains(s.Value, "geheim") {
			t.Errorf("%s shows %q", s.Key, s.Value)
		}
	}
}

func TestBytes_Text(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"512": 512 << 20, "1.5G": 3 << 29, "2k": 2048, "4GiB": 4 << 30, "1tb": 1 << 40} {
		if got, err := config.ParseBytes(text, 1<<20); err != nil || got != want {
			t.Errorf("%s: %d %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "G", "-1", "1e99", "NaN", "x"} {
		if got, err := config.ParseBytes(text, 1); err == nil {
			t.Errorf("%q passed as %d", text, got)
		}
	}
	for n, want := range map[int64]string{5: "5", 3 << 29: "1.5G", 24 << 30: "24G", 1<<20 - 1: "1M"} {
		if got := config.FormatBytes(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
