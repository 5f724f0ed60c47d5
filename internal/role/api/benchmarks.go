package api

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"turno"
	"turno/internal/access"
	"turno/internal/bench/archive"
	"turno/internal/bench/report"
)

type runIn struct {
	ID string `path:"id" maxLength:"64" doc:"of the run, as in its file"`
}

type runLangIn struct {
	ID   string `path:"id" maxLength:"64" doc:"of the run, as in its file"`
	Lang string `query:"lang" enum:"en,es" default:"en" doc:"of sentences"`
}

type putRunIn struct {
	ID    string `path:"id" maxLength:"64" doc:"of the run, as in its file"`
	Fresh bool   `query:"fresh" doc:"it need not be here yet; otherwise one that is not is 404: somebody removed it"`
}

type compareIn struct {
	ID   string `path:"id" maxLength:"64" doc:"A"`
	With string `query:"with" maxLength:"64" required:"true" doc:"B"`
	Lang string `query:"lang" enum:"en,es" default:"en" doc:"of sentences"`
}

type runFileIn struct {
	ID   string `path:"id" maxLength:"64" doc:"of the run, as in its file"`
	Path string `path:"path" doc:"report.zip, performance_comparison.csv, BENCHMARK_REPORT.md, charts/NAME.png, .svg or .pdf"`
	Lang string `query:"lang" enum:"en,es" default:"en"`
}

func (a *Role) routeBenchmarks() {
	all := base + "/benchmarks"
	one := all + "/{id}"
	get(a, page{all, "benchmarks", "Runs of turno bench run, newest first: of who sees all jobs all, of others their own", access.Read},
		func(ctx context.Context, _ *nothing) (items[turno.Benchmark], error) {
			b, err := a.benchmarks()
			if err != nil {
				return items[turno.Benchmark]{}, err
			}
			return listed(b.List(ctx))
		})
	get(a, page{one, "benchmark", "One run, without its samples", access.Read}, func(ctx context.Context, in *runIn) (turno.Benchmark, error) {
		b, err := a.benchmarks()
		if err != nil {
			return turno.Benchmark{}, err
		}
		return b.Get(ctx, in.ID)
	})
	get(a, page{one + "/findings", "benchmarkFindings", "What a run shows: the tables and sentences of its report", access.Read},
		func(ctx context.Context, in *runLangIn) (*report.Findings, error) {
			b, err := a.benchmarks()
			if err != nil {
				return nil, err
			}
			return b.Findings(ctx, in.ID, in.Lang)
		})
	get(a, page{one + "/compare", "compareBenchmarks", "What differs between two runs, and what is only chance", access.Read},
		func(ctx context.Context, in *compareIn) (*report.Verdict, error) {
			b, err := a.benchmarks()
			if err != nil {
				return nil, err
			}
			return b.Compare(ctx, in.ID, in.With, in.Lang)
		})
	a.routeBenchmarkFiles(one)
	a.routeBenchmarkOrders(all, one)
}

// routeBenchmarkFiles are those that send and take files.
func (a *Role) routeBenchmarkFiles(one string) {
	raw(a, huma.Operation{
		Method: http.MethodPut, Path: one, OperationID: "putBenchmark", Summary: "Hand in a run as it now is, whole",
		Description: fmt.Sprintf("The body is job_results.json, of at most %d bytes. It replaces what was there of the run. While it goes on, `stopping` in the answer asks its client to end it.", archive.MaxBytes),
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: huma.TypeObject}}}},
		Responses:   answers[turno.Benchmark](a, map[string]string{"200": "As it is kept"}),
		Errors:      []int{http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity}, Security: roles(access.Submit),
	}, a.putBenchmark)
	raw(a, huma.Operation{
		Method: http.MethodGet, Path: one + "/results", OperationID: "benchmarkResults", Summary: "A run's file, byte for byte", Description: "Always an attachment.",
		Responses: octetAnswer(), Security: roles(access.Read),
	}, func(w http.ResponseWriter, r *http.Request, in *runIn) error {
		b, err := a.benchmarks()
		if err != nil {
			return err
		}
		data, err := b.File(r.Context(), in.ID)
		if err != nil {
			return err
		}
		return a.attach(w, "job_results.json", data)
	})
	file := one + "/report/{path...}"
	raw(a, huma.Operation{
		Method: http.MethodGet, Path: file, OperationID: "benchmarkReport", Summary: "A file of a run's report, or all of them",
		Description: "Always an attachment.", Responses: octetAnswer(), Security: roles(access.Read),
	}, func(w http.ResponseWriter, r *http.Request, in *runFileIn) error {
		b, err := a.benchmarks()
		if err != nil {
			return err
		}
		data, err := b.Report(r.Context(), in.ID, in.Lang, in.Path)
		if err != nil {
			return err
		}
		return a.attach(w, path.Base(in.Path), data)
	})
	paths := a.api.OpenAPI().Paths
	paths[strings.Replace(file, "...", "", 1)] = paths[file] // {path...} is the mux's way, not OpenAPI's
	delete(paths, file)
}

// routeBenchmarkOrders are those that change something.
func (a *Role) routeBenchmarkOrders(all, one string) {
	raw(a, huma.Operation{
		Method: http.MethodPost, Path: all, OperationID: "startBenchmark", Summary: "Have the server measure a worker",
		Description: "As whoever asks: the jobs are theirs, and it ends with their token.",
		RequestBody: body[turno.BenchmarkOrder](a, "What to measure"), DefaultStatus: http.StatusCreated,
		Responses: answers[turno.Benchmark](a, map[string]string{"201": "The run that has begun"}),
		Errors:    []int{http.StatusConflict, http.StatusUnprocessableEntity}, Security: roles(access.Submit),
	}, func(w http.ResponseWriter, r *http.Request, _ *struct{}) error {
		var o turno.BenchmarkOrder
		if err := a.small(w, r, &o); err != nil {
			return err
		}
		b, err := a.benchmarks()
		if err != nil {
			return err
		}
		out, err := b.Start(r.Context(), o)
		if err != nil {
			return err
		}
		text, err := encoded(out)
		if err != nil {
			return err
		}
		a.write(w, http.StatusCreated, text)
		return nil
	})
	raw(a, huma.Operation{
		Method: http.MethodPost, Path: one + "/stop", OperationID: "stopBenchmark", Summary: "End a run that goes on; what was measured is kept",
		Responses: answers[turno.Benchmark](a, map[string]string{"200": "As it is now"}),
		Errors:    []int{http.StatusConflict}, Security: roles(access.Submit),
	}, func(w http.ResponseWriter, r *http.Request, in *runIn) error {
		b, err := a.benchmarks()
		if err != nil {
			return err
		}
		out, err := b.Stop(r.Context(), in.ID)
		if err != nil {
			return err
		}
		return a.encode(w, out)
	})
	raw(a, huma.Operation{
		Method: http.MethodDelete, Path: one, OperationID: "removeBenchmark", Summary: "Forget a run; one that goes on ends",
		Responses: answers[removed](a, map[string]string{"200": "It is gone"}), Security: roles(access.Submit),
	}, func(w http.ResponseWriter, r *http.Request, in *runIn) error {
		b, err := a.benchmarks()
		if err != nil {
			return err
		}
		if err := b.Remove(r.Context(), in.ID); err != nil {
			return err
		}
		return a.encode(w, removed{in.ID})
	})
}

// putBenchmark takes a body that record.Read bounds, not its schema: it is a
// file's content, and is kept as it is.
func (a *Role) putBenchmark(w http.ResponseWriter, r *http.Request, in *putRunIn) error {
	b, err := a.benchmarks()
	if err != nil {
		return err
	}
	r.Body = http.MaxBytesReader(w, r.Body, archive.MaxBytes)
	data, release, err := a.read(w, r)
	if err != nil {
		return err
	}
	defer release()
	out, err := b.Put(r.Context(), in.ID, data, in.Fresh)
	if err != nil {
		return err
	}
	return a.encode(w, out)
}

// attach sends bytes that a browser must not show.
func (a *Role) attach(w http.ResponseWriter, name string, data []byte) error {
	h := w.Header()
	h.Set("Content-Type", octets)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	h.Set("Content-Length", strconv.Itoa(len(data)))
	if _, err := w.Write(data); err != nil {
		a.log.Debug("did not write an answer", "err", err)
	}
	return nil
}

// removed is the answer to what was removed.
type removed struct {
	Removed string `json:"removed"`
}

// benchmarks is the archive, if this server has one.
func (a *Role) benchmarks() (*archive.Archive, error) {
	if a.o.Benchmarks == nil {
		return nil, turno.Errorf(turno.CodeNotFound, "this server keeps no benchmarks")
	}
	return a.o.Benchmarks, nil
}
