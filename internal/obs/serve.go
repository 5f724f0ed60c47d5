package obs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Serve answers, until ctx is done, and nothing else: GET /metrics; GET
// /healthz, which says that the process answers; and GET /readyz, which says
// what ready says. It returns nil once ctx is done. Whoever reaches the
// address may read, but nothing can be changed there. Neither answer depends
// on broker or store: an outage of those must not have roles restarted.
func (r *Registry) Serve(ctx context.Context, address string, ready func() error) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listen for scrapes: %w", err)
	}
	server := &http.Server{
		Handler: r.routes(ready), ReadHeaderTimeout: scrapeTimeout, ReadTimeout: scrapeTimeout,
		WriteTimeout: 2 * scrapeTimeout, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	leave := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer leave()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve metrics: %w", err)
	}
	return nil
}

func (r *Registry) routes(ready func() error) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", r.Handler())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, nil) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { answer(w, ready()) })
	return mux
}

func answer(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, err.Error()+"\n") // who asked may be gone
		return
	}
	_, _ = io.WriteString(w, "ok\n")
}
