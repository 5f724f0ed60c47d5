package config_test

import (
	"os"
	"strings"
	"testing"

	"turno/internal/config"
)

// TestJoined_SpoiltFile: what a full disk or an editor has left says where it is,
// and what to do.
func TestJoined_SpoiltFile(t *testing.T) {
	t.Parallel()
	c := config.Config{Data: t.TempDir(), Broker: "embedded"}
	if err := c.WriteJoined(config.Joined{Server: "https://lab:5001", Worker: "w", Token: "t"}); err != nil {
		t.Fatal(err)
	}
	if j, ok, err := c.ReadJoined(); !ok || err != nil || j.Server != "https://lab:5001" {
		t.Fatalf("%+v, %v: %v", j, ok, err)
	}
	if err := os.Truncate(c.JoinedPath(), 0); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := c.OfJoined(); err == nil || !strings.Contains(err.Error(), c.JoinedPath()) || !strings.Contains(err.Error(), "turno join --leave") {
		t.Errorf("%v", err)
	}
}
