package api

import (
	"context"
	"net/http"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"turno"
	"turno/internal/access"
)

// base is where all routes are that need a version.
const base = "/api/v1"

// route registers everything that is served.
func (a *Role) route() error {
	humaProblems()
	config := huma.DefaultConfig("turno", "1")
	config.Info.Description = "Queue jobs for GPUs. Lists grow by new fields and new enum values within v1: accept what you do not know."
	config.CreateHooks = nil // no $schema in every answer
	config.DocsPath = ""     // its page loads scripts from elsewhere
	config.SchemasPath = ""
	config.OpenAPIPath = ""
	config.RejectUnknownQueryParameters = true
	config.Formats = map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
	schemas := config.Components.Schemas
	schemas.RegisterTypeAlias(reflect.TypeFor[turno.MilliCPU](), reflect.TypeFor[float64]())
	schemas.RegisterTypeAlias(reflect.TypeFor[turno.Duration](), reflect.TypeFor[float64]())
	a.mux = http.NewServeMux()
	a.api = humago.New(a.mux, config)

	a.routeJobs()
	a.routeActions()
	a.routeDeadLetters()
	a.routeStreams()
	a.routeFiles()
	a.routeSessions()
	a.routeInfo()
	a.routeBrowser()
	a.routeBulk()
	a.routeAccess()
	a.routeWorkers()
	a.routeBenchmarks()
	for name, schema := range a.api.OpenAPI().Components.Schemas.Map() {
		if !sent[name] && schema.AdditionalProperties == false {
			schema.AdditionalProperties = nil // an answer may have more tomorrow
		}
	}
	a.mux.HandleFunc("GET /openapi.json", a.serveOpenAPI)
	a.allowed["GET /openapi.json"], a.operations["GET /openapi.json"] = access.RolesFor(access.Any), "openapi"
	if a.o.Metrics != nil {
		a.mux.Handle("GET /metrics", a.o.Metrics.Handler())
		a.allowed["GET /metrics"], a.operations["GET /metrics"] = access.RolesFor(access.Scrape), "metrics"
	}
	return a.routePages()
}

// roles says in the description of a route whose tokens may use it: those to
// whom one of the scopes is granted.
func roles(needs ...access.Scope) []map[string][]string {
	var names []string
	for _, role := range access.RolesFor(needs...) {
		names = append(names, string(role))
	}
	return []map[string][]string{{"token": names}}
}

// allow remembers for whom a route is, as its description says. One that does
// not say is a mistake of this program's, which must not start then.
func (a *Role) allow(op huma.Operation) {
	pattern := op.Method + " " + op.Path
	a.operations[pattern] = op.OperationID
	switch {
	case op.Security == nil:
		panic("api: " + pattern + " does not say for whom it is")
	case len(op.Security) == 0:
		a.allowed[pattern] = nil
		return
	}
	for _, name := range op.Security[0]["token"] {
		a.allowed[pattern] = append(a.allowed[pattern], turno.Role(name))
	}
}

// sent are the schemas of what clients send: unknown fields are refused.
var sent = map[string]bool{
	"NewJob": true, "Bulk": true, "Spec": true, "Interactive": true, "Dependency": true, "Action": true, "Order": true,
	"BulkOrder": true, "JobFilter": true, "SignInOrder": true, "Tree": true, "File": true, "HashesIn": true, "Named": true, "NewToken": true, "Join": true, "SpecChange": true, "JobPatch": true, "BenchmarkOrder": true,
}

// OpenAPI is the description of the routes, as JSON.
func (a *Role) OpenAPI() ([]byte, error) { return a.api.OpenAPI().MarshalJSON() }

func (a *Role) serveOpenAPI(w http.ResponseWriter, r *http.Request) {
	text, err := a.OpenAPI()
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	a.write(w, http.StatusOK, text)
}

// write sends a body of JSON.
func (a *Role) write(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil {
		a.log.Debug("did not write an answer", "err", err)
	}
}

// result is the answer of a plain route.
type result[T any] struct{ Body T }

// items is a list that is complete.
type items[T any] struct {
	Items []T `json:"items"`
}

// page is a route that is read: its path, its name in the description, and
// what it is for.
type page struct {
	path, id, summary string
	needs             access.Scope // empty: nothing
}

// get registers a route whose answer is JSON. In holds its parameters.
func get[In, Out any](a *Role, p page, f func(context.Context, *In) (Out, error)) {
	huma.Register(a.api, a.getOp(p), func(ctx context.Context, in *In) (*result[Out], error) {
		out, err := f(ctx, in)
		if err != nil {
			return nil, a.explain(p.id, err)
		}
		return &result[Out]{out}, nil
	})
}

// getOp is the operation of a route that is read, with an ETag.
func (a *Role) getOp(p page) huma.Operation {
	op := huma.Operation{
		Method: http.MethodGet, Path: p.path, OperationID: p.id, Summary: p.summary,
		Errors: []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusNotFound, http.StatusServiceUnavailable},
	}
	op.Security = []map[string][]string{}
	if p.needs != "" {
		op.Security = roles(p.needs)
		op.Errors = append(op.Errors, http.StatusForbidden)
	}
	a.allow(op)
	a.tagged[op.Method+" "+op.Path] = true
	op.Responses = map[string]*huma.Response{"304": {Description: "As If-None-Match says: the ETag is that of before"}}
	return op
}

// raw registers a route that reads and writes by itself. In holds its
// parameters, for the description and their check. huma would read a body that
// it knows of: it is described afterwards.
func raw[In any](a *Role, op huma.Operation, f func(http.ResponseWriter, *http.Request, *In) error) {
	op.Errors = append(op.Errors, http.StatusBadRequest, http.StatusUnauthorized, http.StatusNotFound, http.StatusServiceUnavailable)
	body := op.RequestBody
	op.RequestBody = nil
	a.allow(op)
	if len(op.Security) > 0 && !slices.Contains(op.Errors, http.StatusForbidden) {
		op.Errors = append(op.Errors, http.StatusForbidden)
	}
	if body != nil {
		defer func() {
			item := a.api.OpenAPI().Paths[op.Path]
			described := item.Post
			switch op.Method {
			case http.MethodPut:
				described = item.Put
			case http.MethodPatch:
				described = item.Patch
			}
			described.RequestBody = body
		}()
	}
	huma.Register(a.api, op, func(_ context.Context, in *In) (*huma.StreamResponse, error) {
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			r, w := humago.Unwrap(hc)
			if err := f(w, r, in); err != nil {
				a.refuse(w, r, err)
			}
		}}, nil
	})
}

// body describes a request's body for raw.
func body[T any](a *Role, text string) *huma.RequestBody {
	return &huma.RequestBody{Required: true, Description: text, Content: jsonOf[T](a)}
}

// answers describes the answers of raw by status.
func answers[T any](a *Role, texts map[string]string) map[string]*huma.Response {
	out := map[string]*huma.Response{}
	for status, text := range texts {
		out[status] = &huma.Response{Description: text, Content: jsonOf[T](a)}
	}
	return out
}

func jsonOf[T any](a *Role) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{"application/json": {Schema: schemaOf[T](a)}}
}

func schemaOf[T any](a *Role) *huma.Schema {
	t := reflect.TypeFor[T]()
	return a.api.OpenAPI().Components.Schemas.Schema(t, true, t.Name())
}
