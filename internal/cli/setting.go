package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"turno/internal/config"
)

const (
	configShort = "show each setting and where its value comes from"
	configLong  = `Shows each setting, its value, and where that comes from: a flag beats a
variable, that beats the configuration file, that beats the default. Secrets
are not shown.`
)

// addSettings makes flags of the settings of some groups, or of one by its flag.
func (s *session) addSettings(flags *pflag.FlagSet, groups ...string) {
	for _, f := range config.Fields() {
		if f.Flag == "" || !contains(groups, f.Group) && !contains(groups, "--"+f.Flag) {
			continue
		}
		help := f.Help
		if f.Default != "" && f.Default != "0" && f.Default != "false" {
			help += " (default " + f.Default + ")"
		}
		v := &settingValue{bool: f.Bool, list: f.List, sep: f.Sep, kind: f.Arg}
		flag := flags.VarPF(v, f.Flag, "", help)
		flag.Annotations = map[string][]string{settingMark: nil}
		if f.Bool {
			flag.NoOptDefVal = "true"
		}
	}
}

// settingMark tells a setting's flag from a command's own of the same name.
const settingMark = "turno_setting"

func contains(words []string, word string) bool {
	return slices.Contains(words, word)
}

// settingFlags are the settings given on the command line.
func (s *session) settingFlags(cmd *cobra.Command) map[string]string {
	given := map[string]string{}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if _, ok := f.Annotations[settingMark]; ok {
			given[f.Name] = f.Value.String()
		}
	})
	return given
}

// settingValue holds the text of a flag for config.Load to parse, so that all
// problems are told at once and alike.
type settingValue struct {
	text       string
	bool, list bool
	kind, sep  string
	given      bool
}

func (v *settingValue) String() string   { return v.text }
func (v *settingValue) IsBoolFlag() bool { return v.bool }

func (v *settingValue) Type() string {
	if v.bool {
		return ""
	}
	return v.kind
}

// Set takes the text; a list may be given several times.
func (v *settingValue) Set(text string) error {
	if v.list && v.given {
		text = v.text + v.sep + text
	}
	v.text, v.given = text, true
	return nil
}

func (s *session) configCommand() *cobra.Command {
	var f format
	cmd := &cobra.Command{
		Use: "config", Short: configShort, Long: configLong, Args: cobra.NoArgs,
		RunE: s.command(func(_ context.Context, cmd *cobra.Command, _ []string) error {
			in := s.sys.Config
			in.Flags, in.File = s.settingFlags(cmd), s.configFile
			cfg, err := config.Load(in)
			if err == nil {
				err = cfg.Validate()
			}
			if werr := s.writeConfig(&f, cfg); werr != nil {
				return werr
			}
			if err != nil {
				return usage("the settings cannot be used:\n  %s", strings.ReplaceAll(err.Error(), "\n", "\n  "))
			}
			return nil
		}),
	}
	f.add(cmd.Flags())
	s.addSettings(cmd.Flags(), "api", "role", "scheduler", "worker")
	return cmd
}

func (s *session) writeConfig(f *format, cfg config.Config) error {
	if f.data() {
		return f.write(s.io.Out, map[string]any{"settings": cfg.Settings()})
	}
	t := s.table("SETTING", "VALUE", "FROM")
	for _, x := range cfg.Settings() {
		from := cell{text: x.From}
		if x.From == "default" {
			from.paint = s.look.dim
		}
		t.cells(cell{text: x.Key}, cell{text: x.Value}, from)
	}
	t.write(s.io.Out)
	return nil
}
