package scheduler_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"turno"
	"turno/internal/broker"
	brokermem "turno/internal/broker/mem"
	policies "turno/internal/core/policy/all"
	"turno/internal/obs"
	"turno/internal/role/scheduler"
	storemem "turno/internal/store/mem"
)

// TestWaiting_IsToldWhenNothingElseHappens: a job that was cancelled soon after
// what waits had been told does not stand there as waiting until somebody comes.
func TestWaiting_IsToldWhenNothingElseHappens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, metrics := brokermem.New(), obs.New("v1")
		leads := run(t, scheduler.Options{Name: "test", Broker: b, Store: storemem.New(), Order: policies.List()[0], Check: check, Metrics: metrics.Scheduler()})
		<-leads
		waiting := func(want string) {
			t.Helper()
			w := httptest.NewRecorder()
			metrics.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
			if line := `turno_jobs_blocked{queue="default",reason="NoWorkers"} ` + want + "\n"; !strings.Contains(w.Body.String(), line) {
				t.Errorf("the metrics have no %s", line)
			}
		}
		ask(t, b, "hears", job(1))
		<-time.After(6 * time.Second)
		waiting("1")
		ask(t, b, "hears", job(2))
		<-time.After(2 * time.Second)
		waiting("2")
		body, err := json.Marshal(turno.Ask{Version: turno.ProtocolVersion, Act: &turno.Action{Verb: turno.Cancel, Jobs: []string{"1", "2"}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Publish(t.Context(), broker.ControlQueue, broker.Message{Body: body}); err != nil {
			t.Fatal(err)
		}
		<-time.After(10 * time.Second)
		waiting("0")
	})
}
