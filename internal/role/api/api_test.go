package api_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"turno"
	"turno/client"
	"turno/internal/access"
	"turno/internal/role/api"
	"turno/internal/service/servicetest"
)

// server is an API that runs until the test ends, and its token.
type server struct {
	*api.Role
	token string
}

// serve runs an API before a service.
func serve(t testing.TB, o api.Options) server {
	t.Helper()
	token := access.NewSecret()
	o.Access.Fixed = []access.Fixed{{Hash: access.Hash(token), User: "ana"}}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	a, err := api.New(o)
	if err == nil {
		err = a.Listen()
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	return server{a, token}
}

// connect makes a client of an API.
func connect(t testing.TB, s server) *client.Client {
	t.Helper()
	c, err := client.New(client.Options{URL: s.URL(), Token: s.token})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestContract(t *testing.T) {
	t.Parallel()
	servicetest.Run(t, func(t testing.TB, s turno.Service) turno.Service {
		return connect(t, serve(t, api.Options{Service: s}))
	})
}

// request sends one with a token, and gives status and body.
func (s server) request(t testing.TB, method, path, body string, header ...string) (*http.Response, string) {
	t.Helper()
	res, text, err := s.try(t, method, path, body, header...)
	if err != nil {
		t.Fatal(err)
	}
	return res, text
}

// try is request where no answer may come.
func (s server) try(t testing.TB, method, path, body string, header ...string) (*http.Response, string, error) {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	q, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, r)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+s.token)
	if body != "" {
		q.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		switch {
		case header[i] == "Host":
			q.Host = header[i+1]
		case header[i+1] == "":
			q.Header.Del(header[i])
		default:
			q.Header.Set(header[i], header[i+1])
		}
	}
	res, err := http.DefaultTransport.RoundTrip(q)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res, string(text), err
}
