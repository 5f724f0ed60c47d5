package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseRunners(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want Runner
		bad  string
	}{
		{text: "torch=python3 /x/torch.py", want: Runner{"torch", []string{"python3", "/x/torch.py"}, "warm", DefaultRunnerJobs, DefaultRunnerGrowth}},
		{text: "torch(zygote)=python3 x", want: Runner{"torch", []string{"python3", "x"}, "zygote", DefaultRunnerJobs, DefaultRunnerGrowth}},
		{text: "a(cold,jobs=5,growth=1G)=env X=1 'my dir/run' -- \"a b\" ''", want: Runner{"a", []string{"env", "X=1", "my dir/run", "--", "a b", ""}, "cold", 5, 1 << 30}},
		{text: "python3 x.py", bad: "use NAME=COMMAND"},
		{text: "torch=", bad: "no command"},
		{text: "torch=x 'y", bad: "not closed"},
		{text: "native=x", bad: "turno's own"},
		{text: "t(warmer)=x", bad: "no option"},
		{text: "t(jobs=-1)=x", bad: "number of jobs"},
		{text: "t(warm=x", bad: "bracket"},
		{text: "-t=x", bad: "letters"},
	} {
		got, err := Config{Runners: []string{c.text}}.ParseRunners()
		if c.bad != "" {
			if err == nil || !strings.Contains(err.Error(), c.bad) {
				t.Errorf("%s: %v, want %q", c.text, err, c.bad)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if diff := cmp.Diff([]Runner{c.want}, got); diff != "" {
			t.Errorf("%s: %s", c.text, diff)
		}
	}
	if _, err := (Config{Runners: []string{"a=x", "a=y"}}).ParseRunners(); err == nil {
		t.Error("two of one name passed")
	}
}
