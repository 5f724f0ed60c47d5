package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"turno/internal/config"
)

const (
	installShort = "have a worker, or a whole turno, start with this machine"
	installLong  = `Writes a unit for systemd that starts this program with the settings given here (as flags or
variables), puts those settings into a file that only its owner can read, and starts
it. As root it starts with the machine; as anybody else with that user's session. What it would
write and do is shown by --print. --remove stops it and takes both away; data stay.

  sudo turno install worker                    # of a machine that turno join has made one
  turno install worker --broker amqp://USER:PASSWORD@HOST:5672/ --files api --server https://HOST:5000
  sudo turno install up --listen 0.0.0.0:5000 --tls`
)

// place is a unit of systemd, where it looks for it, and where its settings go.
type place struct {
	name, unit, settings string
	user                 bool // of one user, not of the machine
}

func placeOf(home string, root bool, role string) place {
	units, settings := "/etc/systemd/system", "/etc/turno"
	if !root {
		units, settings = filepath.Join(home, ".config/systemd/user"), filepath.Join(home, ".config/turno")
	}
	name := "turno-" + role + ".service"
	return place{name: name, unit: filepath.Join(units, name), settings: filepath.Join(settings, role+".env"), user: !root}
}

func (s *session) installCommand() *cobra.Command {
	show, remove := false, false
	cmd := &cobra.Command{Use: "install worker|up", Short: installShort, Long: installLong, Args: cobra.ExactArgs(1), ValidArgs: []string{"worker", "up"}}
	cmd.Flags().BoolVar(&show, "print", false, "only show the unit and the settings")
	cmd.Flags().BoolVar(&remove, "remove", false, "stop it and take it away")
	s.addSettings(cmd.Flags(), "role", "worker", "api", "scheduler")
	cmd.RunE = s.command(func(ctx context.Context, cmd *cobra.Command, args []string) error {
		if args[0] != "worker" && args[0] != "up" {
			return usage("%q: use worker or up", args[0])
		}
		if remove {
			return s.uninstall(ctx, placeOf(s.sys.Config.Home, s.sys.Config.Root, args[0]))
		}
		return s.install(ctx, cmd, args[0], show)
	})
	return cmd
}

// install has systemd start a role with the settings of cmd, or only shows how.
func (s *session) install(ctx context.Context, cmd *cobra.Command, name string, show bool) error {
	at := placeOf(s.sys.Config.Home, s.sys.Config.Root, name)
	cfg, err := s.settings(cmd, map[string]string{"worker": "worker", "up": "all"}[name])
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	unit, variables := unitText(name, program, at), settingsText(cfg)
	if show {
		s.printf("# %s\n%s\n# %s (mode 0600)\n%s", at.unit, unit, at.settings, variables)
		return nil
	}
	if err := s.systemd(ctx, at, "--version"); err != nil {
		return err
	}
	if err := errors.Join(placeFile(at.unit, unit), placeFile(at.settings, variables)); err != nil {
		return err
	}
	return s.startUnit(ctx, at)
}

func (s *session) startUnit(ctx context.Context, at place) error {
	if err := errors.Join(s.systemd(ctx, at, "daemon-reload"), s.systemd(ctx, at, "enable", "--now", at.name)); err != nil {
		return err
	}
	if at.user {
		s.printf("%s is started, and starts with your session; without your signing in: loginctl enable-linger\nIts log: journalctl --user -u %s\n", at.name, at.name)
	} else {
		s.printf("%s is started, and starts with this machine.\nIts log: journalctl -u %s\n", at.name, at.name)
	}
	s.printf("Its settings: %s\n", at.settings)
	return nil
}

func (s *session) uninstall(ctx context.Context, at place) error {
	if _, err := os.Stat(at.unit); errors.Is(err, fs.ErrNotExist) {
		return failed(exitNotFound, "%s is not installed: there is no %s", at.name, at.unit)
	}
	err := s.systemd(ctx, at, "disable", "--now", at.name)
	for _, file := range []string{at.unit, at.settings} {
		if gone := os.Remove(file); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	return errors.Join(err, s.systemd(ctx, at, "daemon-reload"))
}

// placeFile writes a file that may hold passwords.
func placeFile(file, body string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("install: %w", err)
	}
	if err := os.WriteFile(file+".new", []byte(body), 0o600); err != nil {
		return fmt.Errorf("install: %w", err)
	}
	return os.Rename(file+".new", file)
}

func (s *session) systemd(ctx context.Context, at place, args ...string) error {
	if at.user {
		args = append([]string{"--user"}, args...)
	}
	out, err := exec.CommandContext(ctx, "systemctl", args...).CombinedOutput()
	if err != nil {
		return failed(exitFailed, "systemctl %s: %v: %s", strings.Join(args, " "), err, clean(string(bytes.TrimSpace(out)), false)).
			hint("does systemd run here? on Windows the Task Scheduler starts programs with the machine, on macOS launchd; --print shows what to start")
	}
	return nil
}

// unitText is the unit of a role.
func unitText(role, program string, at place) string {
	command, target := role, "multi-user.target"
	if role == "up" {
		command = "up --no-open"
	}
	if at.user {
		target = "default.target"
	}
	return `[Unit]
Description=turno ` + role + `
After=network-online.target
Wants=network-online.target

[Service]
ExecStart=` + systemdQuote(program) + " " + command + `
EnvironmentFile=` + at.settings + `
# It bounds jobs by cgroups of its own, and they run on while it is upgraded.
Delegate=yes
KillMode=process
Restart=on-failure
RestartSec=2
TimeoutStopSec=60
LimitNOFILE=65536
TasksMax=infinity

[Install]
WantedBy=` + target + "\n"
}

// systemdQuote quotes a path as units take it.
func systemdQuote(path string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `%`, `%%`, `$`, `$$`).Replace(path) + `"`
}

// settingsText is what was set, as a file of variables for systemd.
func settingsText(cfg config.Config) string {
	var b strings.Builder
	b.WriteString("# Settings of turno, as variables; turno config lists all there are.\n")
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	for _, v := range cfg.Variables() {
		fmt.Fprintf(&b, "%s=\"%s\"\n", v.Name, quoted.Replace(v.Value))
	}
	return b.String()
}
