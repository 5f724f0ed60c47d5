package cli

import (
	"fmt"
	"os"
	"os/user"
	"sync"
	"time"

	"turno"
	"turno/client"
	"turno/internal/app"
	"turno/internal/cert"
	"turno/internal/config"
	"turno/internal/role/worker/child"
	"turno/internal/workload/all"
)

// OS is the standard streams of this process.
func OS() Stdio { return Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr} }

// Real is turno itself.
func Real() Deps {
	return Deps{
		Dial: dial, RunRoles: app.Run, RunRunner: app.Runner, Shim: child.Main,
		Types: types, Machine: app.Machine, Probe: app.Probe, Files: app.Files, Join: app.Join, Backup: app.Backup, Restore: app.Restore,
	}
}

func dial(cfg config.Config) (turno.Service, error) {
	token, _, err := cfg.ReadToken()
	if err != nil {
		return nil, failed(exitRefused, "read the token: %v", err).hint("set TURNO_TOKEN, or token_file to a file that you can read")
	}
	trust, err := cert.Trust(cfg.CA, cfg.Fingerprint)
	if err != nil {
		return nil, usage("%v", err).hint("see --ca and --fingerprint")
	}
	var once sync.Once
	c, err := client.New(client.Options{
		URL: cfg.Server, Token: token, TLS: trust, UserAgent: "turno-cli/" + thisVersion().Version, User: userWord(realUser()),
		OnWait: func(why *turno.Error, _ time.Duration) {
			once.Do(func() {
				fmt.Fprintf(os.Stderr, "turno: the server is busy: %s; trying again until it is not\n", clean(why.Error(), false))
			})
		},
	})
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	return c, nil
}

// realUser is who is logged in; empty where that is not known.
func realUser() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

func types() []turno.Type {
	var out []turno.Type
	for _, w := range all.List() {
		out = append(out, turno.Type{Name: w.Name, Summary: w.Summary, Devices: w.Devices, Schema: w.Schema, Example: w.Example})
	}
	return out
}
