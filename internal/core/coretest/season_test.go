package coretest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"turno/internal/core/coretest"
)

// TestSeason_InvariantsHold lives through more than three weeks of a lab.
func TestSeason_InvariantsHold(t *testing.T) {
	t.Parallel()
	const seed, days = 1, 24
	plan := coretest.Plan(seed, days)
	s, err := coretest.RunSeason(seed, plan)
	if err != nil {
		failSeason(t, seed, plan, err)
	}
	t.Log(s)
	if s.Days() < days {
		t.Errorf("only %.1f days have passed", s.Days())
	}
	happened := s.Faults()
	for kind, n := range s.Seen {
		happened[kind] += n
	}
	for _, must := range seasonMustSee {
		if happened[must] == 0 {
			t.Errorf("%q never came to pass: the season proves nothing about it", must)
		}
	}
}

// seasonMustSee guards against a month in which nothing happens.
var seasonMustSee = []string{
	"scheduler dies before a commit", "scheduler dies after a commit", "scheduler dies after its answers",
	"scheduler dies after its results", "scheduler dies amid its Desireds", "scheduler dies before it acknowledges",
	"scheduler replaced", "Desired of a scheduler that was replaced",
	"message dropped", "message repeated", "message delayed", "message cut off", "submission repeated",
	"worker cut off", "bad network", "clock set while its agent is down", "agent killed", "command ended by its shim",
	"machine lost power", "disk replaced", "shim or keeper killed", "device quarantined",
	"machine off for maintenance", "agent restarted by its operator",
	"reason Priority", "reason Resources", "reason Dependency", "reason BeginTime", "reason Held",
	"reason Backoff", "reason Drained", "reason NoSuchResource",
	"reason DependencyFailed", "reason Deadline", "reason Timeout", "reason WorkerLost", "reason Requeuing", "reason Cancelling",
	"state succeeded", "state failed", "state cancelled", "state lost", "ahead sent", "ahead begun",
	"act cancel", "act hold", "act release", "act requeue", "act drain", "act undrain",
}

// TestSeasons_StayMended replays every failure of a season that was found.
func TestSeasons_StayMended(t *testing.T) {
	t.Parallel()
	for name, text := range scenarios(t, "testdata/season/*.txt") {
		var seed uint64
		if _, err := fmt.Sscanf(text, "# seed %d", &seed); err != nil {
			t.Fatalf("%s must begin with: # seed N", name)
		}
		plan, err := coretest.ParsePlan(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := coretest.RunSeason(seed, plan); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPlan_ReadsWhatItWrites(t *testing.T) {
	t.Parallel()
	plan := coretest.Plan(3, 8)
	var text strings.Builder
	for _, e := range plan {
		fmt.Fprintln(&text, e)
	}
	again, err := coretest.ParsePlan("# a comment\n\n" + text.String())
	if err != nil || !slices.Equal(plan, again) {
		t.Errorf("%d events became %d: %v", len(plan), len(again), err)
	}
	for _, bad := range []string{"0 01:02:03.004 explode 1 2", "0 25:02:03.004 cut 1 2", "cut 1 2"} {
		if _, err := coretest.ParsePlan(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func failSeason(t *testing.T, seed uint64, plan []coretest.Event, err error) {
	t.Helper()
	effort := 10 // times the work of the run that failed
	if testing.Short() {
		effort = 1
	}
	short := coretest.Shrunk(seed, plan, effort)
	_, again := coretest.RunSeason(seed, short)
	t.Logf("%v\nshrunk from %d events", err, len(plan))
	keep(t, fmt.Sprintf("season-%d", seed), fmt.Sprintf("# seed %d: %v", seed, again), short)
}
