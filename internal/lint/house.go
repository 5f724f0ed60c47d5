package lint

// row says what one package may import. Lists are words between blanks.
// Packages of this module are written relative to it ("." is its root); those
// of others are written in full, and stand for what is below them too.
type row struct {
	pkg     string // a * stands for the name of one folder that has no row of its own
	imports string // packages of this module
	modules string // packages of others, and those of the standard library in restricted
	tests   string // both kinds, for its tests alone
	std     string // if not empty: nothing else of the standard library
	planned bool   // in the design, not yet in the tree
}

// restricted are packages of the standard library that need a word in modules.
const restricted = "unsafe C plugin net/http/pprof"

// forTests may be imported by every package's tests, beside what the package
// itself may import: test servers, the suites of the ports, and the oracles.
const forTests = `internal/testenv
	internal/broker/brokertest internal/broker/mem
	internal/store/storetest internal/store/mem
	internal/service/servicetest internal/workload/workloadtest internal/core/coretest
	internal/gpu/fake internal/gpu/cuda/driver/drivertest internal/files/filestest internal/files/folder
	github.com/google/go-cmp github.com/rogpeppe/go-internal`

// pureStd is what cannot do I/O, wait, or be random. The parts of fmt, time,
// context and reflect that can are in impure.
const pureStd = `bytes cmp container/heap container/list encoding encoding/base64 encoding/hex
	encoding/json errors fmt hash/fnv iter maps math math/bits reflect regexp slices sort
	strconv strings time unicode unicode/utf8`

// house is DESIGN's "The house": arrows point down only. Rows stand from the
// bottom up; a package imports only what has a row above its own.
var house = []row{
	// the vocabulary
	{pkg: ".", std: pureStd + " context"},

	// what knows nothing of turno
	{pkg: "internal/testenv", tests: "github.com/rabbitmq/amqp091-go"},
	{pkg: "internal/testenv/cmd/services", imports: "internal/testenv"},
	{pkg: "internal/testenv/cmd/gotest", imports: "internal/testenv"},
	{pkg: "internal/failpoint"},
	{pkg: "internal/reload"},
	{pkg: "internal/lockfile", modules: "golang.org/x/sys"},
	{pkg: "internal/cert", imports: "internal/reload"},
	{pkg: "internal/lint"},
	{pkg: "internal/workload/gemm", tests: "github.com/ebitengine/purego"},
	{pkg: "internal/workload/nn", imports: "internal/workload/gemm"},
	{pkg: "internal/workload/safetensors"},
	{pkg: "internal/stats", std: "cmp math math/rand/v2 slices"},
	{pkg: "internal/workload/digits"},
	{pkg: "internal/session"},
	{pkg: "internal/webhook"},
	{pkg: "internal/role/worker/child/jobobject", modules: "unsafe golang.org/x/sys"}, // Windows alone
	{pkg: "internal/role/worker/child", imports: "internal/failpoint internal/role/worker/child/jobobject", modules: "golang.org/x/sys"},
	{pkg: "internal/gpu/cuda/driver", modules: "unsafe github.com/ebitengine/purego golang.org/x/sys"},
	{pkg: "internal/gpu/cuda/driver/drivertest", imports: "internal/gpu/cuda/driver internal/testenv"},
	{pkg: "internal/gpu/cuda/kernel"},
	{pkg: "internal/app/run", planned: true},
	{pkg: "web"},
	{pkg: "web/bundle", modules: "github.com/evanw/esbuild", tests: ". web internal/workload/all"},

	{pkg: "internal/wire", imports: "."},
	{pkg: "internal/figures", imports: ". internal/stats"},
	{pkg: "internal/workload/image/photo"},

	// the ports, their suites
	{pkg: "internal/core/policy", std: pureStd, tests: "internal/core/policy/all"},
	{pkg: "internal/broker"},
	{pkg: "internal/broker/brokertest", imports: "internal/broker", modules: "github.com/google/go-cmp"},
	{pkg: "internal/store", imports: "."},
	{pkg: "internal/gpu", imports: "."},
	// computing on GPUs, and NVML's side of the port
	{pkg: "internal/gpu/cuda", imports: ". internal/gpu/cuda/driver", tests: "internal/gpu internal/gpu/cuda/kernel"},
	{pkg: "internal/files", imports: ".", modules: "golang.org/x/sys"},
	{pkg: "internal/files/filestest", imports: ". internal/files"},
	{pkg: "internal/files/sweep", imports: ". internal/files"},
	{pkg: "internal/files/transfer", imports: ". internal/files", tests: "internal/files/folder"},
	{pkg: "internal/workload", imports: ". internal/gpu internal/gpu/cuda internal/gpu/cuda/driver internal/gpu/cuda/kernel",
		modules: "github.com/santhosh-tekuri/jsonschema"},

	// the cores
	{pkg: "internal/core/policy/*", imports: "internal/core/policy", std: pureStd},
	{pkg: "internal/core/policy/all", imports: "internal/core/policy internal/core/policy/*", std: pureStd},
	{pkg: "internal/core/sched", imports: ". internal/core/policy", std: pureStd, tests: "internal/core/policy/all"},
	{pkg: "internal/core/hold", imports: ".", std: pureStd},

	// the adapters of each port; nothing but app knows them
	{pkg: "internal/broker/buffer", imports: "internal/broker"},
	{pkg: "internal/broker/mem", imports: "internal/broker internal/broker/buffer"},
	{pkg: "internal/broker/nats", imports: "internal/broker internal/broker/buffer",
		modules: "github.com/nats-io"},
	{pkg: "internal/broker/rabbitmq", imports: "internal/broker internal/broker/buffer",
		modules: "github.com/rabbitmq/amqp091-go"},
	{pkg: "internal/store/mem", imports: ". internal/store"},
	// the suite holds every store against mem, the oracle
	{pkg: "internal/store/storetest", imports: ". internal/store internal/store/mem", modules: "github.com/google/go-cmp"},
	{pkg: "internal/store/sqlstore", imports: ". internal/store"},
	{pkg: "internal/store/sqlite", imports: ". internal/failpoint internal/lockfile internal/store internal/store/sqlstore",
		modules: "modernc.org/sqlite golang.org/x/sys"},
	{pkg: "internal/store/postgres", imports: ". internal/failpoint internal/store internal/store/sqlstore",
		modules: "github.com/jackc/pgx"},
	{pkg: "internal/files/folder", imports: ". internal/files", modules: "golang.org/x/sys"},
	{pkg: "internal/files/s3", imports: ". internal/files", modules: "github.com/minio/minio-go"},
	{pkg: "internal/gpu/fake", imports: ". internal/gpu"},

	// the workloads
	{pkg: "internal/workload/dataset", imports: "internal/workload internal/workload/digits"},
	{pkg: "internal/workload/model", imports: ". internal/workload internal/workload/nn internal/workload/safetensors"},
	{pkg: "internal/workload/*", imports: ". internal/gpu internal/gpu/cuda internal/gpu/cuda/driver internal/gpu/cuda/kernel internal/stats internal/workload internal/workload/gemm"},
	{pkg: "internal/workload/gpunet", imports: ". internal/gpu/cuda internal/gpu/cuda/driver internal/workload internal/workload/nn",
		tests: "internal/gpu/cuda/driver/drivertest"},
	{pkg: "internal/workload/train", imports: `. internal/gpu/cuda internal/gpu/cuda/driver internal/workload internal/workload/gpunet
		internal/workload/nn internal/workload/digits internal/workload/dataset internal/workload/model`},
	{pkg: "internal/workload/infer", tests: "internal/workload/train", imports: `. internal/gpu/cuda internal/gpu/cuda/driver internal/workload internal/workload/gpunet
		internal/workload/nn internal/workload/digits internal/workload/dataset internal/workload/model`},
	{pkg: "internal/workload/infer/sample", imports: ". internal/workload internal/workload/model internal/workload/train"},
	{pkg: "internal/workload/workloadtest", imports: ". internal/gpu/cuda internal/gpu/cuda/driver internal/gpu/cuda/driver/drivertest internal/workload", planned: true,
		modules: "github.com/google/go-cmp"},
	{pkg: "internal/workload/all", imports: ". internal/workload internal/workload/*",
		modules: "github.com/santhosh-tekuri/jsonschema"},
	{pkg: "internal/runner", imports: ". internal/gpu internal/gpu/cuda internal/workload",
		tests: "internal/workload/all internal/workload/*"},

	// the shells
	{pkg: "internal/config", imports: ".", modules: "gopkg.in/yaml.v3"},
	{pkg: "internal/obs", imports: ". internal/broker internal/store",
		modules: "github.com/prometheus"},
	{pkg: "internal/obs/grafana", std: "bytes encoding/json fmt strconv strings"},
	{pkg: "internal/core/coretest", imports: ". internal/core/hold internal/core/policy internal/core/policy/all internal/core/sched internal/store internal/store/mem",
		modules: "github.com/google/go-cmp"},
	{pkg: "internal/sim", imports: ". internal/core/hold internal/core/policy internal/core/policy/all internal/core/sched", planned: true},
	{pkg: "internal/service", imports: ". internal/broker internal/failpoint internal/session internal/store internal/wire internal/workload",
		modules: "github.com/google/uuid github.com/santhosh-tekuri/jsonschema", tests: "internal/role/scheduler internal/core/policy/all internal/workload/all"},
	// the suite runs the API's service on the oracles, and a client's on the same
	{pkg: "internal/service/servicetest", modules: "github.com/google/go-cmp",
		imports: ". internal/broker internal/broker/mem internal/service internal/store internal/store/mem"},
	// who may do what, above the ports
	{pkg: "internal/access", imports: ". internal/reload internal/store"},
	// measuring a turno: a client of turno.Service, and where a server keeps what it found
	{pkg: "internal/bench/record", imports: "."},
	{pkg: "internal/bench/analysis", imports: ". internal/bench/record internal/stats"},
	{pkg: "internal/bench/chart", modules: "gonum.org/v1/plot codeberg.org/go-pdf/fpdf golang.org/x/text"},
	{pkg: "internal/bench/report", imports: ". internal/bench/analysis internal/bench/chart internal/bench/record internal/stats"},
	{pkg: "internal/bench", imports: ". internal/bench/record internal/stats",
		modules: "github.com/google/uuid gopkg.in/yaml.v3"},
	{pkg: "internal/bench/archive", imports: ". internal/access internal/bench internal/bench/record internal/bench/report internal/store",
		modules: "github.com/google/uuid", tests: "internal/store/mem"},
	// a job's trace: its names, and its sending
	{pkg: "internal/trace", imports: "."},
	{pkg: "internal/trace/otlp", imports: ". internal/store internal/trace", modules: "go.opentelemetry.io/proto google.golang.org/protobuf"},
	{pkg: "internal/role/shell"},
	{pkg: "internal/role/scheduler", imports: ". internal/broker internal/core/policy internal/core/sched internal/failpoint internal/obs internal/role/shell internal/store internal/webhook internal/wire",
		modules: "github.com/google/uuid", tests: "internal/core/policy/all internal/core/hold"},
	{pkg: "internal/role/worker", imports: ". internal/broker internal/core/hold internal/failpoint internal/files internal/files/transfer internal/gpu internal/lockfile internal/obs internal/role/shell internal/role/worker/child internal/runner internal/session internal/trace internal/wire",
		modules: "github.com/fsnotify/fsnotify github.com/google/uuid golang.org/x/sys",
		tests:   "internal/workload/all internal/workload"},
	{pkg: "internal/role/api", imports: ". internal/access internal/bench/archive internal/bench/report internal/cert internal/figures internal/files internal/obs internal/service internal/session web",
		modules: "github.com/coder/websocket github.com/danielgtaylor/huma", tests: "client internal/bench/record internal/broker internal/store"},
	{pkg: "client", imports: ". internal/cert internal/session", modules: "github.com/coder/websocket", tests: "internal/role/api internal/service"},
	{pkg: "internal/files/remote", imports: ". client internal/files", tests: "internal/access internal/role/api internal/service"},

	// the top
	{pkg: "internal/app", imports: `. client internal/access internal/app/run internal/bench/archive internal/cert internal/config internal/obs internal/service internal/runner
		internal/broker internal/broker/mem internal/broker/nats internal/broker/rabbitmq
		internal/store internal/store/mem internal/store/sqlite internal/store/postgres
		internal/gpu internal/gpu/fake internal/gpu/cuda internal/gpu/cuda/driver
		internal/files internal/files/folder internal/files/remote internal/files/s3 internal/files/sweep
		internal/workload internal/workload/all internal/core/policy internal/core/policy/all
		internal/role/scheduler internal/role/worker internal/role/worker/child internal/role/api internal/trace internal/trace/otlp internal/webhook`,
		modules: "golang.org/x/sync", tests: "github.com/google/uuid internal/core/policy/fair"},
	{pkg: "internal/cli",
		imports: `. client internal/app internal/app/run internal/bench internal/cert internal/config internal/files internal/files/transfer internal/obs/grafana internal/runner internal/session internal/sim
		internal/bench/analysis internal/bench/record internal/bench/report internal/stats
		internal/workload internal/workload/all internal/workload/dataset internal/workload/digits
		internal/core/policy/all internal/role/worker/child`,
		modules: `github.com/spf13/cobra github.com/spf13/pflag github.com/google/uuid github.com/vbauerster/mpb charm.land golang.org/x/sys golang.org/x/term
		github.com/mattn/go-runewidth gopkg.in/yaml.v3`},
	{pkg: "cmd/turno", imports: "internal/cli", tests: "internal/session github.com/coder/websocket golang.org/x/sys"},
	// a module of its own: what it measures turno beside is no dependency of it
	{pkg: "bench/peers", imports: ". client internal/stats internal/testenv",
		modules: "github.com/hibiken/asynq github.com/jackc/pgx github.com/riverqueue"},
	{pkg: "test/gpu", tests: ". client internal/gpu/cuda/driver/drivertest test/lab"},
	{pkg: "test/python", tests: ". internal/gpu/cuda/driver/drivertest internal/runner internal/workload internal/workload/all internal/workload/model internal/workload/nn"},
	{pkg: "test/isolate", tests: ". client internal/testenv test/lab"},
	{pkg: "test/lab", imports: ". client internal/testenv",
		modules: "github.com/google/uuid github.com/rabbitmq/amqp091-go github.com/nats-io/nats.go github.com/nats-io/nats-server/v2 golang.org/x/sys modernc.org/sqlite"},
	{pkg: "test/badinput", tests: ". client internal/testenv internal/wire test/lab github.com/rabbitmq/amqp091-go"},
	{pkg: "internal/release"},
	{pkg: "test/docs", tests: "internal/testenv test/lab"},
	{pkg: "test/deploy/gotypes"},
	{pkg: "test/deploy", tests: "internal/config internal/testenv test/container test/lab test/deploy/gotypes github.com/santhosh-tekuri/jsonschema github.com/yannh/kubeconform sigs.k8s.io/kustomize gopkg.in/yaml.v3"},
	{pkg: "test/kill", tests: ". client test/lab"},
	{pkg: "test/prometheus", tests: ". client internal/obs/grafana internal/testenv internal/trace test/lab go.opentelemetry.io/proto google.golang.org/protobuf"},
	{pkg: "test/restore", tests: ". client test/lab"},
	{pkg: "test/secure", tests: ". client internal/cert test/lab"},
	{pkg: "test/upgrade", tests: ". client test/lab"},
	{pkg: "test/chaos", tests: ". client internal/failpoint internal/testenv test/lab github.com/anishathalye/porcupine"},
	{pkg: "test/browser", tests: ". client internal/stats internal/store/sqlite internal/store/storetest internal/testenv test/lab internal/workload/all github.com/chromedp/chromedp github.com/chromedp/cdproto"},
	{pkg: "test/images", tests: ". client internal/testenv test/lab golang.org/x/sys"},
	{pkg: "test/wine", tests: "internal/testenv"},
	{pkg: "test/container", imports: "internal/config", tests: "gopkg.in/yaml.v3"},
	{pkg: "test/amqp", tests: `. internal/app internal/broker internal/broker/rabbitmq internal/core/policy/fair
		internal/role/scheduler internal/role/worker internal/role/worker/child internal/runner
		internal/store/sqlite internal/workload/all`},
}
