package worker

import (
	"fmt"
	"net"
	"os"
	"testing"

	"turno"
)

// TestPorts_OneForEach: two jobs with the same remainder, one that asks again,
// one whose port somebody else listens at.
func TestPorts_OneForEach(t *testing.T) {
	t.Parallel()
	key := func(job int64) turno.AttemptKey { // others on this machine try other numbers
		return turno.AttemptKey{Job: int64(os.Getpid()) + job, Attempt: 1}
	}
	var p ports
	first := p.of(key(7))
	if again := p.of(key(7)); again != first || first < firstMasterPort || first >= firstMasterPort+masterPorts {
		t.Errorf("%d, then %d", first, again)
	}
	other := p.of(key(7 + masterPorts))
	if other == first {
		t.Errorf("both have %d", first)
	}
	p.free(key(7))
	if p.told[other] != key(7+masterPorts) || len(p.told) != 1 {
		t.Error(p.told)
	}
	p.free(key(7 + masterPorts))
	l, err := net.Listen("tcp", fmt.Sprintf(":%d", first))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if got := p.of(key(7)); got == first {
		t.Errorf("%d has a listener", got)
	}
}
