package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"turno"
)

const (
	wordChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@"
	maxWord   = 64 // as in turno.Spec
)

// Validate finds everything that is wrong with the settings for the roles that
// are to run (none: a client). Its error is Problems.
func (c Config) Validate(roles ...string) error {
	var p Problems
	add := func(key, format string, args ...any) {
		p = append(p, key+": "+fmt.Sprintf(format, args...))
	}
	c.checkChoices(add)
	c.checkURLs(add)
	c.checkTLS(add)
	c.checkWorker(add)
	c.checkWebhooks(add)
	if len(roles) > 0 { // the variables are other programs' too: a client does without
		c.checkTraces(add)
	}
	if has(roles, "api") {
		c.checkListen(add)
		c.checkListenWorkers(add)
	}
	c.checkApart(roles, add)
	if len(p) > 0 {
		return p
	}
	return nil
}

type report func(key, format string, args ...any)

// has tells whether a role is among those to run; "all" is every one.
func has(roles []string, role string) bool {
	return slices.Contains(roles, role) || slices.Contains(roles, "all")
}

func (c Config) checkChoices(add report) {
	for _, f := range fields {
		if text := f.text(c); len(f.oneof) > 0 && !slices.Contains(f.oneof, text) {
			hint := ""
			if near := Nearest(text, f.oneof); near != "" {
				hint = fmt.Sprintf("; did you mean %s?", near)
			}
			add(f.Key, "%q: use %s%s", text, strings.Join(f.oneof, " or "), hint)
		}
	}
}

func (c Config) checkURLs(add report) {
	if u, err := url.Parse(c.Server); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		add("server", "%q: use a URL such as http://127.0.0.1:5000", Redact(c.Server))
	}
	scheme := func(text string, allowed ...string) bool {
		u, err := url.Parse(text)
		return err == nil && slices.Contains(allowed, u.Scheme) && u.Host != ""
	}
	if c.Broker != "embedded" && !scheme(c.Broker, "nats", "tls", "amqp", "amqps") {
		add("broker", "%q: use embedded, nats://HOST:4222 or amqp://USER:PASSWORD@HOST:5672/", Redact(c.Broker))
	}
	if strings.Contains(c.Files, "://") && !scheme(c.Files, "s3") {
		add("files", "%q: use a folder, s3://BUCKET/PREFIX?endpoint=HOST, or api", Redact(c.Files))
	}
	if c.FilesKeep < 0 || c.FilesKeep > 0 && c.FilesKeep < time.Hour {
		add("files_keep", "%s: use an hour or more, or 0 (for ever)", c.FilesKeep)
	}
	c.checkBounds(add)
	c.checkMetrics(add)
	if c.DeadLetters < 1 {
		add("dead_letters", "%d: use 1 or more", c.DeadLetters)
	}
	if c.Store != "sqlite" && !scheme(c.Store, "postgres", "postgresql") {
		add("store", "%q: use sqlite or postgres://USER:PASSWORD@HOST/DATABASE", Redact(c.Store))
	}
}

// Secure tells whether the API speaks HTTPS.
func (c Config) Secure() bool { return c.TLS || c.TLSCert != "" }

func (c Config) checkTLS(add report) {
	if (c.TLSCert == "") != (c.TLSKey == "") {
		add("tls_cert", "give tls_cert and tls_key together")
	}
	if (c.BrokerCert == "") != (c.BrokerKey == "") {
		add("broker_cert", "give broker_cert and broker_key together")
	}
	scheme, _, _ := strings.Cut(c.Broker, "://")
	if c.BrokerCA+c.BrokerCert != "" && scheme != "amqps" && scheme != "tls" {
		add("broker", "%q has no TLS for broker_ca and broker_cert: use amqps:// or tls://", Redact(c.Broker))
	}
	if c.CA+c.Fingerprint != "" && strings.HasPrefix(c.Server, "http://") {
		add("server", "%q has no TLS for ca and fingerprint: use https://", c.Server)
	}
}

func (c Config) checkWorker(add report) {
	if c.Worker == "" || len(c.Worker) > maxWord || strings.Trim(c.Worker, wordChars) != "" || strings.ContainsAny(c.Worker[:1], "-_.@") {
		add("worker", "%q: use at most %d letters, digits and - _ . @, a letter or digit first", c.Worker, maxWord)
	}
	if c.FakeGPUs < 0 || c.FakeGPUs > 1024 {
		add("fake_gpus", "%d: use 0 to 1024", c.FakeGPUs)
	}
	if c.OutputFiles < 1 || c.OutputFiles > turno.MaxFiles {
		add("output_files", "%d: use 1 to %d", c.OutputFiles, turno.MaxFiles)
	}
	if c.CPUs < 0 {
		add("cpus", "%s: use 0 (all) or more", c.CPUs)
	}
	if _, _, err := c.ParsePool(); err != nil {
		add("pool_users", "%v", err)
	}
	if _, err := c.ParseUserMap(); err != nil {
		add("user_map", "%v", err)
	}
	if c.RunAs == "" {
		add("run_as", "use auto, pool, submitter or an account's name")
	}
	if _, err := c.ParseRunners(); err != nil {
		add("runners", "%v", err)
	}
	// Three reports may be lost before a worker is taken for silent.
	switch {
	case c.Heartbeat < 50*time.Millisecond || c.Heartbeat > time.Minute:
		add("heartbeat", "%s: use 50ms to 1m", c.Heartbeat)
	case c.Lease < 3*c.Heartbeat || c.Lease > 24*time.Hour:
		add("lease", "%s: use three heartbeats (%s) to 24h", c.Lease, 3*c.Heartbeat)
	}
}

func (c Config) checkListen(add report) {
	host, port, err := net.SplitHostPort(c.Listen)
	if n, bad := strconv.Atoi(port); err != nil || bad != nil || n < 0 || n > 65535 {
		add("listen", "%q: use HOST:PORT, such as 127.0.0.1:5000", c.Listen)
		return
	}
	if !c.Secure() && !c.Insecure && !loopback(host) {
		add("listen", "%s reaches beyond this machine, and tokens would cross the network in the clear; "+
			"say tls, or tls_cert and tls_key, or listen on 127.0.0.1 behind a proxy with TLS, or say insecure_behind_proxy if something else protects them", c.Listen)
	}
}

func (c Config) checkListenWorkers(add report) {
	if c.ListenWorkers == "" {
		return
	}
	_, port, err := net.SplitHostPort(c.ListenWorkers)
	if n, bad := strconv.Atoi(port); err != nil || bad != nil || n < 0 || n > 65535 {
		add("listen_workers", "%q: use HOST:PORT, such as 0.0.0.0:5001", c.ListenWorkers)
	} else if c.Broker != "embedded" {
		add("listen_workers", "workers join a turno up with its own broker; with %s give them that: turno worker --broker", Redact(c.Broker))
	}
}

func (c Config) checkMetrics(add report) {
	_, port, err := net.SplitHostPort(c.MetricsListen)
	if n, bad := strconv.Atoi(port); c.MetricsListen != "" && (err != nil || bad != nil || n < 1 || n > 65535) {
		add("metrics_listen", "%q: use HOST:PORT, such as 127.0.0.1:5010", c.MetricsListen)
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// checkApart finds roles that are to run apart and share nothing.
func (c Config) checkApart(roles []string, add report) {
	if len(roles) == 0 || has(roles, "all") {
		return
	}
	if slices.Equal(roles, []string{"worker"}) {
		if _, _, joined, err := c.OfJoined(); joined || err != nil {
			if err != nil {
				add("worker", "%v", err)
			}
			return
		}
	}
	if c.Broker == "embedded" {
		add("broker", "embedded is for turno up, where all roles run together; give the URL of a broker that every role reaches")
	}
	if c.Store == "sqlite" && !slices.Equal(roles, []string{"worker"}) {
		add("store", "sqlite is for turno up, where all roles run together; give the URL of a database that every role reaches")
	}
}

// Nearest is the word that text was probably meant to be, or "".
func Nearest(text string, words []string) string {
	best, bound := "", 1+len(text)/3
	for _, w := range words {
		if d := distance(strings.ToLower(text), strings.ToLower(w)); d <= bound && (best == "" || d < distance(strings.ToLower(text), strings.ToLower(best))) {
			best = w
		}
	}
	return best
}

// distance counts the letters to insert, drop, change or exchange with their
// neighbour to make b of a.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

// Setting is one line of `turno config`.
type Setting struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	From  string `json:"from"`
	Env   string `json:"env,omitempty"`
	Flag  string `json:"flag,omitempty"`
	Help  string `json:"help"`
}

// Settings lists every setting with its value, secrets hidden, and its origin.
func (c Config) Settings() []Setting {
	var out []Setting
	for _, f := range fields {
		s := Setting{Key: f.label(), Value: f.text(c), From: c.origins[f.name].String(), Env: f.Env, Help: f.Help}
		if f.Flag != "" {
			s.Flag = "--" + f.Flag
		}
		if s.Key == "token_file" && s.Value == "" {
			s.Value = c.TokenPath()
		}
		out = append(out, s)
	}
	return out
}

// Variable is a setting as the environment has it.
type Variable struct{ Name, Value string }

// Variables are the settings that somebody made, secrets too, as another
// process takes them: in a file that its owner alone can read.
func (c Config) Variables() []Variable {
	var out []Variable
	for _, f := range fields {
		switch c.origins[f.name].Kind {
		case fromFlag, fromEnv, fromFile:
			v := reflect.ValueOf(c).FieldByName(f.name)
			text := fmt.Sprint(v.Interface())
			if list, ok := v.Interface().([]string); ok {
				text = strings.Join(list, f.Sep)
			}
			out = append(out, Variable{f.Env, text})
		}
	}
	return out
}

func (c Config) checkBounds(add report) {
	if c.MaxJobs < 0 {
		add("max_jobs", "%d: use 1 or more, or 0 for no bound", c.MaxJobs)
	}
	if c.MaxUserJobs < 0 {
		add("max_user_jobs", "%d: use 1 or more, or 0 for no bound", c.MaxUserJobs)
	}
	if c.SubmitRate < 0 {
		add("submit_rate", "%d: use 1 or more, or 0 for no bound", c.SubmitRate)
	}
	if c.SubmitBytes < 32<<20 {
		add("submit_bytes", "%d: use 32M or more: twice the largest body", c.SubmitBytes)
	}
	if c.LogBytes < 1<<20 {
		add("log_bytes", "%d: use 1M or more", c.LogBytes)
	}
	if c.Drain < 0 {
		add("drain", "%s: use a time, or 0 to wait for no job", c.Drain)
	}
	if c.EventStreams < 0 {
		add("event_streams", "%d: use 1 or more, or 0 for no bound", c.EventStreams)
	}
}

// WebhookNetworks are those of WebhookAllow; a single address is a network too.
func (c Config) WebhookNetworks() (out []netip.Prefix, err error) {
	for _, text := range c.WebhookAllow {
		p, err := netip.ParsePrefix(text)
		if ip, bad := netip.ParseAddr(text); err != nil && bad == nil {
			p, err = netip.PrefixFrom(ip, ip.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("%q is no network: use 10.0.0.0/8 or 10.1.2.3", text)
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

func (c Config) checkWebhooks(add report) {
	if _, err := c.WebhookNetworks(); err != nil {
		add("webhook_allow", "%v", err)
	}
}
