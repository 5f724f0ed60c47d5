// Package config is everything about turno that can be set, in one struct, and
// where each value came from: a flag beats an environment variable, that beats
// the configuration file, that beats the default.
//
// It reads files and the environment that it is given, and nothing else: it
// starts nothing, opens no connection and writes nothing. A Config is a value;
// after Load nobody writes to what its copies share.
package config

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"turno"
)

// Config is every setting. A field's tags are its key in the file, its
// environment variable, its flag, its default, the group of commands that take
// the flag, and its help. A key without a flag is not set on a command line.
type Config struct {
	Data        string `key:"data" flag:"data" env:"TURNO_DATA" group:"all" arg:"DIR" help:"folder of everything that turno keeps"`
	Server      string `key:"server" flag:"server" env:"TURNO_SERVER" group:"all" arg:"URL" help:"the turno to talk to; found by itself when turno up runs on this machine"`
	TokenFile   string `key:"token_file" flag:"token-file" env:"TURNO_TOKEN_FILE" group:"all" arg:"FILE" help:"file that holds the token (also: the variable TURNO_TOKEN)"`
	CA          string `key:"ca" flag:"ca" env:"TURNO_CA" group:"all" arg:"FILE" help:"certificates in PEM that the server's must be signed by; those of the system unless given"`
	Fingerprint string `key:"fingerprint" flag:"fingerprint" env:"TURNO_FINGERPRINT" group:"all" arg:"sha256:HEX" help:"of the server's key, as it prints it: trust that one, whoever signed it"`
	Token       string `env:"TURNO_TOKEN" secret:"yes" help:"the token itself; only as a variable, so that no list of processes shows it"`

	Listen     string   `key:"listen" flag:"listen" env:"TURNO_LISTEN" default:"127.0.0.1:5000" group:"api" arg:"HOST:PORT" help:"address of the API and the dashboard"`
	TLS        bool     `key:"tls" flag:"tls" env:"TURNO_TLS" default:"false" group:"api" help:"speak HTTPS, with a certificate that turno makes and whose fingerprint it prints"`
	TLSCert    string   `key:"tls_cert" flag:"tls-cert" env:"TURNO_TLS_CERT" group:"api" arg:"FILE" help:"speak HTTPS with this certificate, in PEM with what is between it and its authority; read anew when it changes"`
	TLSKey     string   `key:"tls_key" flag:"tls-key" env:"TURNO_TLS_KEY" group:"api" arg:"FILE" help:"the key of --tls-cert"`
	Insecure   bool     `key:"insecure_behind_proxy" flag:"insecure-behind-proxy" env:"TURNO_INSECURE_BEHIND_PROXY" default:"false" group:"api" help:"listen beyond this machine without TLS: only where a proxy or a private network protects the tokens"`
	AllowHosts []string `key:"allow_hosts" flag:"allow-host" env:"TURNO_ALLOW_HOSTS" group:"api" arg:"NAME" help:"names by which browsers and clients may call this server"`

	ListenWorkers string `key:"listen_workers" flag:"listen-workers" env:"TURNO_LISTEN_WORKERS" group:"api" arg:"HOST:PORT" help:"turno up: address at which workers on other machines join it (turno token create --join, turno join), always with TLS; nobody but they is let in there. None unless given"`

	SubmitRate   int   `key:"submit_rate" flag:"submit-rate" env:"TURNO_SUBMIT_RATE" default:"1000" group:"api" arg:"N" help:"requests a second that change something, for each user; twice as many may come at once. 0: no bound"`
	SubmitBytes  int64 `key:"submit_bytes" flag:"submit-bytes" env:"TURNO_SUBMIT_BYTES" default:"64M" group:"api" arg:"SIZE" help:"bodies of requests that are held in memory at a time; others wait a second, and are then turned away for the moment"`
	EventStreams int   `key:"event_streams" flag:"event-streams" env:"TURNO_EVENT_STREAMS" default:"200" group:"api" arg:"N" help:"streams of events that one user may have open. 0: no bound"`

	AuditEntries int `key:"audit_entries" flag:"audit-entries" env:"TURNO_AUDIT_ENTRIES" default:"100000" group:"api" arg:"N" help:"entries of the audit log that are kept in the store; older ones are in audit.jsonl in the data folder, until that has been put aside four times at 64 MiB"`

	Broker     string `key:"broker" flag:"broker" env:"TURNO_BROKER" default:"embedded" secret:"url" group:"role" arg:"URL" help:"embedded, nats://… or amqp://… (RabbitMQ); with TLS tls://… or amqps://…"`
	BrokerCA   string `key:"broker_ca" flag:"broker-ca" env:"TURNO_BROKER_CA" group:"role" arg:"FILE" help:"amqps:// and tls://: certificates in PEM that the broker's must be signed by; those of the system unless given"`
	BrokerCert string `key:"broker_cert" flag:"broker-cert" env:"TURNO_BROKER_CERT" group:"role" arg:"FILE" help:"amqps:// and tls://: a certificate to show the broker, with --broker-key"`
	BrokerKey  string `key:"broker_key" flag:"broker-key" env:"TURNO_BROKER_KEY" group:"role" arg:"FILE" help:"the key of --broker-cert"`
	BrokerSync bool   `key:"broker_sync" flag:"broker-sync" env:"TURNO_BROKER_SYNC" default:"false" group:"role" help:"embedded broker: sync before each confirm; a power cut loses nothing confirmed, for a tenth of the rate"`
	Store      string `key:"store" flag:"store" env:"TURNO_STORE" default:"sqlite" secret:"url" group:"role" arg:"URL" help:"sqlite (in the data folder) or postgres://…; with TLS …?sslmode=verify-full&sslrootcert=FILE"`

	Files       string        `key:"files" flag:"files" env:"TURNO_FILES" secret:"url" group:"role" arg:"WHERE" help:"where files of jobs are kept: a folder (default: files in the data folder), s3://…, or api: the server of the setting server (for workers apart)"`
	FilesKeep   time.Duration `key:"files_keep" flag:"files-keep" env:"TURNO_FILES_KEEP" default:"720h" group:"api" arg:"TIME" help:"files that no job names are deleted when nobody has asked for them for so long; 0 keeps them"`
	Cache       int64         `key:"cache" flag:"cache" env:"TURNO_CACHE" default:"20G" group:"worker" arg:"SIZE" help:"input files kept on a worker between jobs, where the file store is elsewhere"`
	Scratch     int64         `key:"scratch_bytes" flag:"scratch-bytes" env:"TURNO_SCRATCH_BYTES" default:"0" group:"worker" arg:"SIZE" help:"what a job may have in its own folders while it runs; 0: any, until the disk is nearly full"`
	OutputBytes int64         `key:"output_bytes" flag:"output-bytes" env:"TURNO_OUTPUT_BYTES" default:"10G" group:"worker" arg:"SIZE" help:"what a job may leave in its output folder"`
	OutputFiles int           `key:"output_files" flag:"output-files" env:"TURNO_OUTPUT_FILES" default:"10000" group:"worker" arg:"N" help:"how many files a job may leave there"`
	LogBytes    int64         `key:"log_bytes" flag:"log-bytes" env:"TURNO_LOG_BYTES" default:"100M" group:"worker" arg:"SIZE" help:"output that is kept of each attempt; what is beyond is counted"`

	EndJobs bool          `key:"end_jobs" flag:"end-jobs" env:"TURNO_END_JOBS" default:"false" group:"worker" help:"end jobs when this stops; otherwise commands run on for the length of their lease, and the next start takes them over"`
	Drain   time.Duration `key:"drain" flag:"drain" env:"TURNO_DRAIN" default:"0s" group:"worker" arg:"TIME" help:"when this stops, take no new jobs and wait so long for those that run; a second signal stops at once. 0: do not wait"`

	Order string        `key:"order" flag:"order" env:"TURNO_ORDER" default:"fair" oneof:"fair fifo" group:"scheduler" arg:"NAME" help:"who is next: fair lets short and narrow jobs pass within bounds; fifo is strictly first come first served"`
	Lease time.Duration `key:"lease" flag:"lease" env:"TURNO_LEASE" default:"5m" group:"scheduler" arg:"TIME" help:"how long a job runs on when its worker is cut off, before it ends there and starts elsewhere"`

	MaxJobs     int `key:"max_jobs" flag:"max-jobs" env:"TURNO_MAX_JOBS" default:"1000000" group:"scheduler" arg:"N" help:"jobs of all users that may wait or run at a time, an array counting once; further ones are refused. Each takes about 1.3 KB of memory. 0: no bound"`
	MaxUserJobs int `key:"max_user_jobs" flag:"max-user-jobs" env:"TURNO_MAX_USER_JOBS" default:"250000" group:"scheduler" arg:"N" help:"the same for each user. 0: no bound"`
	DeadLetters int `key:"dead_letters" flag:"dead-letters" env:"TURNO_DEAD_LETTERS" default:"10000" group:"scheduler" arg:"N" help:"how many messages that could not be taken as jobs are kept; then the oldest go"`

	WebhookSecret string   `key:"webhook_secret_file" flag:"webhook-secret-file" env:"TURNO_WEBHOOK_SECRET_FILE" group:"scheduler" arg:"FILE" help:"secrets that sign webhooks, one a line; webhook-secret in the data folder unless given, made at the first start"`
	WebhookAllow  []string `key:"webhook_allow" flag:"webhook-allow" env:"TURNO_WEBHOOK_ALLOW" group:"role" arg:"CIDR" help:"networks that are not of the internet and may be told by webhooks all the same, such as 10.0.0.0/8; schedulers and API servers need it"`

	MetricsListen string `key:"metrics_listen" flag:"metrics-listen" env:"TURNO_METRICS_LISTEN" group:"role" arg:"HOST:PORT" help:"address at which a role tells its metrics and how it is (/metrics, /healthz, /readyz), to whoever reaches it; the API has these at its own address too"`

	OTLPEndpoint string   `key:"otlp_endpoint" flag:"otlp-endpoint" env:"OTEL_EXPORTER_OTLP_ENDPOINT" secret:"url" group:"role" arg:"URL" help:"a trace of each job that has ended goes to this receiver of OpenTelemetry's, by HTTP at …/v1/traces; workers need it too, to tell jobs their trace. None unless given"`
	OTLPTraces   string   `env:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" secret:"url" help:"the same, as the whole URL"`
	OTLPHeaders  []string `key:"otlp_headers" env:"OTEL_EXPORTER_OTLP_HEADERS" secret:"yes" help:"headers to send there, such as authorization=Bearer%20…: NAME=VALUE,NAME=VALUE, with %XX for what is not plain"`
	OTLPCA       string   `key:"otlp_ca" flag:"otlp-ca" env:"OTEL_EXPORTER_OTLP_CERTIFICATE" group:"role" arg:"FILE" help:"certificates in PEM that the receiver's must be signed by; those of the system unless given"`
	TraceRatio   float64  `key:"trace_ratio" flag:"trace-ratio" env:"TURNO_TRACE_RATIO" default:"1" group:"role" arg:"RATIO" help:"of the jobs that are traced, 0 to 1; the same everywhere. Unless given, what OTEL_TRACES_SAMPLER says, if that goes by a ratio"`
	OTelResource []string `env:"OTEL_RESOURCE_ATTRIBUTES" help:"what the traces say of their sender: NAME=VALUE,NAME=VALUE"`
	OTelService  string   `env:"OTEL_SERVICE_NAME" default:"turno" help:"who the traces say that they are of"`
	OTelOff      bool     `env:"OTEL_SDK_DISABLED" default:"false" help:"true: no traces, whatever else is set"`

	Worker    string         `key:"worker" flag:"worker" env:"TURNO_WORKER" group:"worker" arg:"NAME" help:"this worker's name; the host's unless given"`
	FakeGPUs  int            `key:"fake_gpus" flag:"fake-gpus" env:"TURNO_FAKE_GPUS" default:"0" group:"worker" arg:"N" help:"pretend to have N GPUs, to try scheduling; everything from them is marked SIMULATED"`
	FakeFault string         `key:"fake_gpu_trouble" flag:"fake-gpu-trouble" env:"TURNO_FAKE_GPU_TROUBLE" group:"worker" arg:"FILE" help:"with fake_gpus: a file that says what is wrong with them now, a line each: 0 fault TEXT, 1 left TEXT, or hang"`
	CPUs      turno.MilliCPU `key:"cpus" flag:"cpus" env:"TURNO_CPUS" default:"0" group:"worker" arg:"N" help:"CPUs for jobs; 0 is all of the machine's"`
	Memory    int64          `key:"memory" flag:"memory" env:"TURNO_MEMORY" default:"0" group:"worker" arg:"SIZE" help:"memory for jobs, such as 32G; 0 is all of the machine's"`
	Isolation string         `key:"isolation" flag:"isolation" env:"TURNO_ISOLATION" default:"auto" oneof:"auto cgroup" group:"worker" arg:"HOW" help:"auto takes the best that this machine can; cgroup refuses to run jobs with less"`
	RunAs     string         `key:"run_as" flag:"run-as" env:"TURNO_RUN_AS" default:"auto" group:"worker" arg:"WHO" help:"whom jobs run as, if the worker is root: pool (a user for each submitter that nobody else has), submitter (the account of that name), or one account for all; auto is pool, and the worker's own user if it is not root"`
	UserMap   []string       `key:"user_map" flag:"map-user" env:"TURNO_USER_MAP" group:"worker" arg:"NAME=ACCOUNT" help:"with run_as submitter: the account of a submitter with another name"`
	PoolUsers string         `key:"pool_users" flag:"pool-users" env:"TURNO_POOL_USERS" default:"60578-61183" group:"worker" arg:"FIRST-LAST" help:"with run_as pool: the user ids to take, which no account has"`
	AllowRoot bool           `key:"allow_root" flag:"allow-root" env:"TURNO_ALLOW_ROOT" default:"false" group:"worker" help:"let jobs run as root; with run_as auto all do, if the worker is root"`
	Heartbeat time.Duration  `key:"heartbeat" flag:"heartbeat" env:"TURNO_HEARTBEAT" default:"2s" group:"worker" arg:"TIME" help:"a worker reports at least this often"`
	Runners   []string       `key:"runners" flag:"runner" env:"TURNO_RUNNERS" sep:";" group:"worker" arg:"NAME=COMMAND" help:"a program that runs types of jobs of its own, by the name that --engine takes: torch=python3 runner.py, or torch(zygote,jobs=500,growth=2G)=…"`

	LogLevel  string `key:"log_level" flag:"log-level" env:"TURNO_LOG_LEVEL" default:"info" oneof:"debug info warn error" group:"role" arg:"LEVEL" help:"debug, info, warn or error"`
	LogFormat string `key:"log_format" flag:"log-format" env:"TURNO_LOG_FORMAT" default:"text" oneof:"text json" group:"role" arg:"FORMAT" help:"text or json"`

	origins map[string]Origin // by field name
}

// Version of this build. The build stamps it; empty in one made by hand.
var Version string

// Info is what running roles say of themselves once they are ready.
type Info struct {
	Roles    []string
	URL      string // such as http://127.0.0.1:5001, with the real port; "" without the api role
	LoginURL string // signs a browser in once; "": there is none
	// Fingerprint of the key that it serves HTTPS with; "" without.
	Fingerprint string
	Workers     string // where workers join; "": nowhere
	Joined      string // of a worker that joined: the server; "" else
	TokenFile   string
	Data        string
	Worker      string // "" without the worker role
	GPUs        []turno.GPU
	WhyNoGPU    string
	Notes       []string // things that are worth a line to who started it
	// Left names, once the worker has stopped, the jobs whose commands run on; nil
	// without the worker role.
	Left func() []string
}

// Backup is what turno backup has written, or turno restore has put in place.
type Backup struct {
	Schema int    `json:"schema,omitempty"`
	Jobs   int64  `json:"jobs"`
	Bytes  int64  `json:"bytes,omitempty"`
	Next   int64  `json:"next_job"`         // the number of the next job
	Voided int    `json:"voided"`           // attempts that were under way and are taken for lost
	Kept   string `json:"before,omitempty"` // where the store is that was there before
}

// Names of files in the data folder that commands and roles share.
const (
	AuditName  = "audit.jsonl" // who did what, a line each, mode 0600
	TokenName  = "token"       // the admin token, mode 0600, made at the first start of the API
	ServerName = "server"      // the URL of the turno up that runs on this folder, while it runs
	FileName   = "config.yaml" // read when no other configuration file is
)

// TokenPath is the file that holds the token.
func (c Config) TokenPath() string {
	if c.TokenFile != "" {
		return c.TokenFile
	}
	return filepath.Join(c.Data, TokenName)
}

// ReadToken is the token to show the server, and where it came from. No token
// at all is no error: the server will say so.
func (c Config) ReadToken() (token, from string, err error) {
	if c.Token != "" {
		return c.Token, "environment TURNO_TOKEN", nil
	}
	path := c.TokenPath()
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) && c.TokenFile == "" {
		return "", "", nil
	}
	// Of several, which a server takes while one follows another, the first.
	first, _, _ := strings.Cut(strings.TrimSpace(string(data)), "\n")
	return strings.TrimSpace(first), path, err
}

// Explicit tells whether a key was set by anybody, rather than by default or
// found by itself.
func (c Config) Explicit(key string) bool {
	for _, f := range fields {
		if f.Key == key {
			o := c.origins[f.name]
			return o.Kind != "" && o.Kind != fromDefault && o.Kind != fromServer
		}
	}
	return false
}

// Redact takes the password out of a URL, wherever URLs of brokers and
// databases may hold one.
func Redact(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "(not a URL; hidden)"
	}
	q := u.Query()
	for key := range q {
		if k := strings.ToLower(key); strings.Contains(k, "password") || strings.Contains(k, "token") || strings.Contains(k, "secret") {
			q.Set(key, "xxxxx")
			u.RawQuery = q.Encode()
		}
	}
	return u.Redacted()
}
