package config_test

import (
	"maps"
	"strings"
	"testing"

	"turno/internal/config"
)

func TestTraces_StandardVariables(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env   map[string]string
		flags map[string]string
		url   string
	}{
		"nothing":          {nil, nil, ""},
		"the common one":   {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4318/"}, nil, "http://h:4318/v1/traces"},
		"with a path":      {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h/otlp"}, nil, "http://h/otlp/v1/traces"},
		"that of traces":   {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4318", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://t/in?key=1"}, nil, "https://t/in?key=1"},
		"a flag wins":      {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://t/in"}, map[string]string{"otlp-endpoint": "http://f"}, "http://f/v1/traces"},
		"all of it is off": {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4318", "OTEL_SDK_DISABLED": "true"}, nil, ""},
	} {
		in := input(t, c.env)
		maps.Copy(in.Flags, c.flags)
		cfg, err := config.Load(in)
		if err != nil || cfg.TracesURL() != c.url {
			t.Errorf("%s: %q, %v; want %q", name, cfg.TracesURL(), err, c.url)
		}
	}
}

func TestTraces_HeadersAndResource(t *testing.T) {
	t.Parallel()
	cfg, err := config.Load(input(t, map[string]string{
		"OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20geheim, x-a=b=c", "OTEL_RESOURCE_ATTRIBUTES": "service.name=lab,deployment.environment.name=x%2Cy",
	}))
	if err != nil {
		t.Fatal(err)
	}
	h, err := cfg.TraceHeaders()
	if err != nil || h.Get("Authorization") != "Bearer geheim" || h.Get("X-A") != "b=c" {
		t.Errorf("%v %v", h, err)
	}
	r, err := cfg.TraceResource()
	if want := (map[string]string{"service.name": "lab", "deployment.environment.name": "x,y"}); err != nil || !maps.Equal(r, want) {
		t.Errorf("%v %v", r, err)
	}
	for _, s := range cfg.Settings() {
		if strings.Contains(s.Value, "geheim") {
			t.Errorf("%s shows a secret: %s", s.Key, s.Value)
		}
	}
	for _, bad := range []string{"authorization", "a b=c", "=c", "a=%zz", "a=%0d%0ab:%20c"} {
		cfg.OTLPHeaders = []string{bad}
		if err := cfg.Validate("all"); err == nil || strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestTraces_RatioOfTheStandardVariables(t *testing.T) {
	t.Parallel()
	for want, cases := range map[float64][]map[string]string{
		1: {
			nil, {"OTEL_TRACES_SAMPLER_ARG": "0.1"}, {"OTEL_TRACES_SAMPLER": "jaeger_remote", "OTEL_TRACES_SAMPLER_ARG": "endpoint=http://h"},
			{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "many"}, {"OTEL_TRACES_SAMPLER": "parentbased_always_on"},
		},
		0.1: {{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"}, {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"}},
		0:   {{"OTEL_TRACES_SAMPLER": "always_off"}},
		0.5: {{"OTEL_TRACES_SAMPLER": "always_off", "TURNO_TRACE_RATIO": "0.5"}},
	} {
		for _, env := range cases {
			if cfg, err := config.Load(input(t, env)); err != nil || cfg.TraceRatio != want {
				t.Errorf("%v: %g, %v; want %g", env, cfg.TraceRatio, err, want)
			}
		}
	}
}
