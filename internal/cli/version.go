package cli

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"turno/internal/config"
)

const versionShort = "show the version of this program"

// version is what this program says of itself.
type version struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Modified bool   `json:"modified,omitempty"` // built from a tree with changes
	Time     string `json:"time,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func thisVersion() version {
	v := version{Version: "devel", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if config.Version != "" {
		v.Version = config.Version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if config.Version == "" && info.Main.Version != "" && info.Main.Version != "(devel)" {
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		case "vcs.time":
			v.Time = s.Value
		}
	}
	return v
}

func (v version) String() string {
	commit := ""
	if v.Commit != "" {
		commit = " (" + clip(v.Commit, 12) + ")"
	}
	return fmt.Sprintf("turno %s%s %s %s", v.Version, commit, v.Go, v.Platform)
}

func (s *session) versionCommand() *cobra.Command {
	var f format
	cmd := &cobra.Command{Use: "version", Short: versionShort, Args: cobra.NoArgs}
	f.add(cmd.Flags())
	cmd.RunE = s.command(func(context.Context, *cobra.Command, []string) error {
		if f.data() {
			return f.write(s.io.Out, thisVersion())
		}
		s.printf("%s\n", thisVersion())
		return nil
	})
	return cmd
}
