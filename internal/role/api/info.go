package api

import (
	"context"
	"net/http"
	"time"

	"turno"
	"turno/internal/access"
)

// readyTimeout is below what a probe waits.
const readyTimeout = 2 * time.Second

// version tells a client whom it speaks to.
type version struct {
	Version  string   `json:"version" doc:"of the server"`
	API      string   `json:"api"`
	Protocol int      `json:"protocol" doc:"of the messages on the broker"`
	Features []string `json:"features" doc:"what this server has beyond the first v1"`
}

type health struct {
	Status string `json:"status"`
}

type nothing struct{}

func (a *Role) routeInfo() {
	s := a.gate
	get(a, page{base + "/workers", "workers", "Workers that the scheduler knows, by name", access.Read},
		func(ctx context.Context, _ *nothing) (items[turno.Worker], error) { return listed(s.Workers(ctx)) })
	get(a, page{base + "/types", "types", "Workloads that this server knows", access.Read},
		func(ctx context.Context, _ *nothing) (items[turno.Type], error) { return listed(s.Types(ctx)) })
	get(a, page{base + "/summary", "summary", "Jobs counted by state and queue", access.Read},
		func(ctx context.Context, _ *nothing) (turno.Summary, error) { return s.Summary(ctx) })
	get(a, page{base + "/statistics", "statistics", "How long the newest ended jobs waited and ran, and devices compared", access.Read}, a.statistics)
	get(a, page{base + "/timeseries", "timeseries", "The queue over time, as this server has seen it since its start", access.Read}, a.timeseries)
	get(a, page{base + "/version", "version", "Of the server", access.Any},
		func(context.Context, *nothing) (version, error) {
			return version{a.o.Version, "v1", turno.ProtocolVersion, []string{"files"}}, nil
		})
	get(a, page{"/healthz", "healthz", "Whether the process serves", ""},
		func(context.Context, *nothing) (health, error) { return health{"ok"}, nil })
	get(a, page{"/readyz", "readyz", "Whether turno can work", ""}, a.readiness)
}

func listed[T any](list []T, err error) (items[T], error) {
	if list == nil {
		list = []T{} // a list is never null
	}
	return items[T]{list}, err
}

func (a *Role) readiness(ctx context.Context, _ *nothing) (health, error) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	check := a.o.Ready
	if check == nil {
		check = func(ctx context.Context) error { _, err := a.o.Service.Summary(ctx); return err }
	}
	if err := check(ctx); err != nil {
		a.log.Warn("is not ready", "err", err)
		return health{}, problemOf(turno.Errorf(turno.CodeUnavailable, "turno cannot work now"), http.StatusServiceUnavailable)
	}
	return health{"ready"}, nil
}
