// Package grafana says what other programs need to watch a turno by its
// metrics: a dashboard for Grafana, rules of alert and a scrape configuration
// for Prometheus. It is text and knows no turno; test/prometheus tries each
// expression on a real one.
//
// Several API servers tell the same of workers and jobs, so gauges of those are
// taken once (max by) before they are summed. Counters are of the scheduler that
// leads, and add up.
package grafana

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Expression is one in PromQL, with its place.
type Expression struct {
	Where, Text string
	// Rare: it has data only once something has happened that need not, or on
	// real GPUs.
	Rare bool
}

// Expressions are all of the dashboard and the rules. Variables of Grafana's
// stand for everything.
func Expressions() []Expression {
	plain := strings.NewReplacer("$instance", ".*", "$queue", ".*", "$hostname", ".*", "$UUID", ".*", "$__rate_interval", "1m", "$__range", "1h")
	var out []Expression
	for _, r := range rows {
		for _, p := range r.panels {
			for _, q := range p.queries {
				out = append(out, Expression{r.title + ": " + p.title, plain.Replace(q.expr), p.rare || q.rare})
			}
		}
	}
	for _, v := range variables {
		out = append(out, Expression{"variable " + v.name, v.selector, v.rare})
	}
	for _, a := range alerts {
		out = append(out, Expression{"alert " + a.name, a.expr, true}) // silent while all is well
	}
	return out
}

// The sizes of Grafana's grid.
const (
	gridWidth   = 24
	tileHeight  = 4
	chartHeight = 8
)

// Dashboard is in Grafana's classic JSON, which every version since 8 imports.
func Dashboard() ([]byte, error) {
	var panels []any
	id, y := 0, 0
	place := func(w, h, x int) map[string]int {
		id++
		return map[string]int{"x": x, "y": y, "w": w, "h": h}
	}
	for _, r := range rows {
		panels = append(panels, map[string]any{"type": "row", "title": r.title, "collapsed": false, "gridPos": place(gridWidth, 1, 0), "id": id, "panels": []any{}})
		y++
		x, height := 0, 0
		for i := range r.panels {
			p := &r.panels[i]
			w, h := p.size()
			if x+w > gridWidth {
				x, y, height = 0, y+height, 0
			}
			at := place(w, h, x)
			panels = append(panels, p.json(id, at))
			x, height = x+w, max(height, h)
		}
		y += height
	}
	var list []any
	list = append(list, map[string]any{"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus", "current": map[string]any{}, "hide": 0, "refresh": 1})
	for _, v := range variables {
		list = append(list, v.json())
	}
	return encode(map[string]any{
		"uid": "turno", "title": "turno", "description": "Jobs, queues, workers and GPUs of a turno. Made by: turno grafana dashboard",
		"tags": []string{"turno", "gpu"}, "timezone": "browser", "editable": true, "graphTooltip": 1, "schemaVersion": 39, "version": 1,
		"time": map[string]string{"from": "now-6h", "to": "now"}, "refresh": "30s",
		"templating": map[string]any{"list": list}, "annotations": map[string]any{"list": []any{}}, "links": []any{}, "panels": panels,
	})
}

// encode leaves <, > and & of expressions as they are.
func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode the dashboard: %w", err)
	}
	return out.Bytes(), nil
}

var source = map[string]string{"type": "prometheus", "uid": "${datasource}"}

func (p *panel) size() (w, h int) {
	if p.tile {
		return 4, tileHeight
	}
	return 8, chartHeight
}

func (p *panel) json(id int, at map[string]int) map[string]any {
	targets := []any{}
	for i, q := range p.queries {
		targets = append(targets, map[string]any{
			"datasource": source, "expr": q.expr, "legendFormat": q.legend, "refId": string(rune('A' + i)), "instant": p.tile, "range": !p.tile,
		})
	}
	defaults := map[string]any{"unit": p.unit, "color": map[string]string{"mode": "palette-classic"}}
	if p.unit == "percentunit" {
		defaults["min"], defaults["max"] = 0, 1
	}
	out := map[string]any{
		"id": id, "title": p.title, "description": p.note, "datasource": source, "gridPos": at, "targets": targets,
		"fieldConfig": map[string]any{"defaults": defaults, "overrides": []any{}},
	}
	if p.tile {
		out["type"] = "stat"
		defaults["color"] = map[string]string{"mode": "thresholds"}
		steps := []any{map[string]any{"color": "blue", "value": nil}}
		if p.bad {
			steps = []any{map[string]any{"color": "green", "value": nil}, map[string]any{"color": "red", "value": 1}}
		}
		defaults["thresholds"] = map[string]any{"mode": "absolute", "steps": steps}
		out["options"] = map[string]any{"colorMode": "value", "graphMode": "none", "reduceOptions": map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false}}
		return out
	}
	out["type"] = "timeseries"
	custom := map[string]any{"drawStyle": "line", "fillOpacity": 10, "lineWidth": 1, "showPoints": "never", "spanNulls": false}
	if p.stack {
		custom["stacking"], custom["fillOpacity"] = map[string]string{"mode": "normal", "group": "A"}, 40
	}
	defaults["custom"] = custom
	out["options"] = map[string]any{
		"legend":  map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": true},
		"tooltip": map[string]string{"mode": "multi", "sort": "desc"},
	}
	return out
}

// variable is one that a reader of the dashboard can set.
type variable struct {
	name, label, selector, of string
	rare                      bool
}

var variables = []variable{
	{"instance", "Server", "turno_build_info", "instance", false},
	{"queue", "Queue", "turno_jobs", "queue", false},
	{"hostname", "Machine", "turno_worker_info", "hostname", false},
	{"UUID", "GPU", "turno_gpu_info", "UUID", false},
}

func (v variable) json() map[string]any {
	query := fmt.Sprintf("label_values(%s, %s)", v.selector, v.of)
	return map[string]any{
		"name": v.name, "label": v.label, "type": "query", "datasource": source, "definition": query,
		"query": map[string]string{"query": query, "refId": "variable"}, "refresh": 2, "sort": 1, "hide": 0,
		"multi": true, "includeAll": true, "allValue": ".*", "current": map[string]any{"text": "All", "value": "$__all"},
	}
}
