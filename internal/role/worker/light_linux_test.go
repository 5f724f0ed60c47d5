package worker

import (
	"encoding/json"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"turno"
	"turno/internal/runner"
)

// TestLetWrite_AsAnotherUser: a light run's log is written by its runner, who may
// not make a folder among the attempts; one without parameters needs none.
func TestLetWrite_AsAnotherUser(t *testing.T) {
	t.Parallel()
	uid := uint32(60_578)
	if os.Getuid() != 0 {
		uid = uint32(os.Getuid()) // whom nobody else could give a folder to
	}
	accounts, err := openAccounts("w", filepath.Join(t.TempDir(), "users"), RunAs{How: RunPool, First: uid, Last: uid})
	if err != nil {
		t.Fatal(err)
	}
	r := &Role{accounts: accounts, classes: map[string]string{"noop": string(runner.Light)},
		o: Options{Offers: []Offer{{Type: "noop", Devices: []turno.Device{turno.DeviceCPU}}}}}
	for params, want := range map[string]bool{"": false, "{}": false, `{"output":64}`: true} {
		a := &attempt{dir: filepath.Join(t.TempDir(), "1.1"), task: &turno.Task{Spec: &turno.Spec{Type: "noop", Params: json.RawMessage(params)}}}
		if err := a.letWrite(r); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(a.dir)
		if (err == nil) != want || a.folder != want {
			t.Errorf("parameters %q: a folder %v, %v", params, a.folder, err)
		}
		if err == nil && info.Sys().(*syscall.Stat_t).Uid != uid {
			t.Errorf("parameters %q: the folder is of user %d", params, info.Sys().(*syscall.Stat_t).Uid)
		}
	}
}
