package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"turno"
)

// PutBenchmark implements turno.Benchmarks.
func (c *Client) PutBenchmark(ctx context.Context, id string, file []byte, fresh bool) (turno.Benchmark, error) {
	var b turno.Benchmark
	q := request{method: http.MethodPut, path: "/benchmarks/" + url.PathEscape(id), body: file, again: true}
	if fresh {
		q.query = url.Values{"fresh": {"true"}}
	}
	err := c.call(ctx, q, &b)
	return b, err
}

// Benchmarks implements turno.Benchmarks.
func (c *Client) Benchmarks(ctx context.Context) ([]turno.Benchmark, error) {
	var list items[turno.Benchmark]
	err := c.get(ctx, "/benchmarks", nil, &list)
	return list.Items, err
}

// Benchmark implements turno.Benchmarks.
func (c *Client) Benchmark(ctx context.Context, id string) (turno.Benchmark, error) {
	var b turno.Benchmark
	err := c.get(ctx, "/benchmarks/"+url.PathEscape(id), nil, &b)
	return b, err
}

// BenchmarkFile implements turno.Benchmarks.
func (c *Client) BenchmarkFile(ctx context.Context, id string) ([]byte, error) {
	return c.fetch(ctx, request{method: http.MethodGet, path: "/benchmarks/" + url.PathEscape(id) + "/results", again: true})
}

// StartBenchmark implements turno.Benchmarks.
func (c *Client) StartBenchmark(ctx context.Context, o turno.BenchmarkOrder) (turno.Benchmark, error) {
	var b turno.Benchmark
	body, err := json.Marshal(o)
	if err != nil {
		return b, fmt.Errorf("encode an order: %w", err)
	}
	err = c.call(ctx, request{method: http.MethodPost, path: "/benchmarks", body: body}, &b)
	return b, err
}

// StopBenchmark implements turno.Benchmarks.
func (c *Client) StopBenchmark(ctx context.Context, id string) (turno.Benchmark, error) {
	var b turno.Benchmark
	err := c.call(ctx, request{method: http.MethodPost, path: "/benchmarks/" + url.PathEscape(id) + "/stop", again: true}, &b)
	return b, err
}

// RemoveBenchmark implements turno.Benchmarks.
func (c *Client) RemoveBenchmark(ctx context.Context, id string) error {
	_, err := c.fetch(ctx, request{method: http.MethodDelete, path: "/benchmarks/" + url.PathEscape(id)})
	return err
}
