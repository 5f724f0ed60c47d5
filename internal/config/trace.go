package config

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// TracesURL is where traces go; empty: nowhere. As OpenTelemetry has it, a
// signal's own address is taken as it is, and the common one gets its path.
func (c Config) TracesURL() string {
	switch {
	case c.OTelOff || c.OTLPTraces+c.OTLPEndpoint == "":
		return ""
	case c.OTLPTraces != "" && c.origins["OTLPEndpoint"].Kind != fromFlag:
		return c.OTLPTraces
	}
	return strings.TrimSuffix(c.OTLPEndpoint, "/") + "/v1/traces"
}

// TraceHeaders are to be sent with traces.
func (c Config) TraceHeaders() (http.Header, error) {
	h := http.Header{}
	for name, value := range pairs(c.OTLPHeaders) {
		if value == nil || name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r) }) {
			return nil, fmt.Errorf("a header is NAME=VALUE, with %%XX for what is not plain") // not which: it is secret
		}
		h.Set(name, *value)
	}
	return h, nil
}

// TraceResource is what traces say of their sender.
func (c Config) TraceResource() (map[string]string, error) {
	out := map[string]string{}
	for name, value := range pairs(c.OTelResource) {
		if value == nil || name == "" {
			return nil, fmt.Errorf("an attribute is NAME=VALUE, with %%XX for what is not plain")
		}
		out[name] = *value
	}
	if _, named := out["service.name"]; !named || c.origins["OTelService"].Kind != fromDefault {
		out["service.name"] = c.OTelService
	}
	return out, nil
}

// pairs reads NAME=VALUE; a nil value is none.
func pairs(list []string) func(func(string, *string) bool) {
	return func(yield func(string, *string) bool) {
		for _, item := range list {
			name, text, ok := strings.Cut(item, "=")
			value, err := url.PathUnescape(strings.TrimSpace(text))
			found := &value
			if !ok || err != nil || strings.ContainsAny(value, "\r\n\x00") {
				found = nil
			}
			if !yield(strings.TrimSpace(name), found) {
				return
			}
		}
	}
}

func (c Config) checkTraces(add report) {
	for _, x := range [][2]string{{"otlp_endpoint", c.OTLPEndpoint}, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", c.OTLPTraces}} {
		if u, err := url.Parse(x[1]); x[1] != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
			add(x[0], "%q: use a URL such as http://127.0.0.1:4318 (OTLP over HTTP, not gRPC)", Redact(x[1]))
		}
	}
	if c.TraceRatio < 0 || c.TraceRatio > 1 {
		add("trace_ratio", "%g: use 0 to 1", c.TraceRatio)
	}
	if _, err := c.TraceHeaders(); err != nil {
		add("otlp_headers", "%v", err)
	}
	if _, err := c.TraceResource(); err != nil {
		add("OTEL_RESOURCE_ATTRIBUTES", "%v", err)
	}
}
