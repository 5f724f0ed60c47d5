package all

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"turno"
	"turno/internal/workload"
)

// Catalog is a list of workloads with their schemas compiled. It is immutable
// but for a cache, and safe for concurrent use.
type Catalog struct {
	list   []workload.Workload
	byName map[string]*entry
}

type entry struct {
	workload.Workload
	schema *jsonschema.Schema
	passed cache
}

// NewCatalog compiles the schemas. Its error is about the list, not about a
// job: a name that occurs twice, a schema that is none.
func NewCatalog(list []workload.Workload) (*Catalog, error) {
	c := &Catalog{list: slices.Clone(list), byName: make(map[string]*entry, len(list))}
	for _, w := range list {
		if c.byName[w.Name] != nil {
			return nil, fmt.Errorf("two workloads are called %q", w.Name)
		}
		schema, err := compile(w.Name, w.Schema)
		if err != nil {
			return nil, err
		}
		c.byName[w.Name] = &entry{Workload: w, schema: schema}
	}
	return c, nil
}

// compile reads a JSON Schema of 2020-12 that refers to nothing outside itself.
func compile(name string, text json.RawMessage) (*jsonschema.Schema, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("schema of %s: %w", name, err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.UseLoader(jsonschema.SchemeURLLoader{}) // nothing is fetched
	url := "turno:///" + name + ".json"
	if err := compiler.AddResource(url, document); err != nil {
		return nil, fmt.Errorf("schema of %s: %w", name, err)
	}
	schema, err := compiler.Compile(url)
	if err != nil {
		return nil, fmt.Errorf("schema of %s: %w", name, err)
	}
	return schema, nil
}

// List is every workload, in the order given to NewCatalog.
func (c *Catalog) List() []workload.Workload { return slices.Clone(c.list) }

// Find returns the workload of that name.
func (c *Catalog) Find(name string) (workload.Workload, bool) {
	e := c.byName[name]
	if e == nil {
		return workload.Workload{}, false
	}
	return e.Workload, true
}

// Normalize fills in what was not said: first what depends on the workload,
// then what does not. A spec of an unknown type gets the latter only.
func (c *Catalog) Normalize(spec *turno.Spec) {
	if e := c.byName[spec.Type]; e != nil && e.Workload.Normalize != nil {
		e.Workload.Normalize(spec)
	}
	spec.Normalize()
}

// Check tells what is wrong with a spec's type, device and parameters, or
// returns nil. It changes nothing. The error's Field is type, device, params,
// or the parameter, such as params.kernel[1]. Everything else of a spec is
// turno.Spec.Validate's.
func (c *Catalog) Check(spec *turno.Spec) *turno.Error {
	e := c.byName[spec.Type]
	if e == nil {
		return c.unknown(spec.Type)
	}
	if d := spec.Device; d != "" && d != turno.DeviceAny && !slices.Contains(e.Devices, d) {
		return turno.Invalid("device", "is %s, but %s runs on %s only", d, e.Name, join(e.Devices))
	}
	if spec.Engine != "" && spec.Engine != turno.EngineNative && !e.Warm {
		return turno.Invalid("engine", "is %s, but %s is started as a process of its own and has no engine", spec.Engine, e.Name)
	}
	return e.passes(spec.Params)
}

// passes checks parameters, the same ones once.
func (e *entry) passes(params json.RawMessage) *turno.Error {
	if len(params) == 0 {
		params = noParams
	}
	if e.passed.has(params) {
		return nil
	}
	if err := e.check(params); err != nil {
		return err
	}
	e.passed.add(params)
	return nil
}

var noParams = json.RawMessage("{}")

func (e *entry) check(params json.RawMessage) *turno.Error {
	value, bad := parse(params)
	if bad != nil {
		return bad
	}
	if err := e.schema.Validate(value); err != nil {
		return explain(e.schema, value, err)
	}
	if e.Workload.Check != nil {
		return e.Workload.Check(params)
	}
	return nil
}

func (c *Catalog) unknown(name string) *turno.Error {
	if name == "" {
		return turno.Invalid("type", "must be given").WithHint("known are %s", strings.Join(c.names(), ", "))
	}
	err := turno.Invalid("type", "no workload is called %.64q", name)
	if near := nearest(name, c.names()); near != "" {
		return err.WithHint("did you mean %s? Known are %s", near, strings.Join(c.names(), ", "))
	}
	return err.WithHint("known are %s", strings.Join(c.names(), ", "))
}

func (c *Catalog) names() []string {
	names := make([]string, len(c.list))
	for i, w := range c.list {
		names[i] = w.Name
	}
	return names
}

func join(devices []turno.Device) string {
	var words []string
	for _, d := range devices {
		words = append(words, string(d))
	}
	return strings.Join(words, " and ")
}

// cache remembers parameters that passed, because a bulk submit sends the same
// ones thousands of times. An entry replaces another of the same hash.
type cache [cacheSize]atomic.Pointer[[]byte]

// cacheSize entries of cacheLimit bytes are 512 KiB for each workload at most;
// few programs submit more than a handful of kinds at a time.
const (
	cacheSize  = 128
	cacheLimit = 4 << 10
)

var cacheSeed = maphash.MakeSeed()

func (c *cache) slot(params []byte) *atomic.Pointer[[]byte] {
	return &c[maphash.Bytes(cacheSeed, params)%cacheSize]
}

func (c *cache) has(params []byte) bool {
	if len(params) > cacheLimit {
		return false
	}
	known := c.slot(params).Load()
	return known != nil && bytes.Equal(*known, params)
}

func (c *cache) add(params []byte) {
	if len(params) <= cacheLimit {
		c.slot(params).Store(new(bytes.Clone(params)))
	}
}
