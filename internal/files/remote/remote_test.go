package remote_test

import (
	"context"
	"iter"
	"testing"

	"turno"
	"turno/client"
	"turno/internal/access"
	"turno/internal/files"
	"turno/internal/files/filestest"
	"turno/internal/files/folder"
	"turno/internal/files/remote"
	"turno/internal/role/api"
)

// nobody is a service that is asked for nothing but what its server notes of
// itself.
type nobody struct{ turno.Service }

func (nobody) Summary(context.Context) (turno.Summary, error) { return turno.Summary{}, nil }

func (nobody) Workers(context.Context) ([]turno.Worker, error) { return nil, nil }

func (nobody) Events(ctx context.Context, _ turno.EventQuery) iter.Seq2[turno.Event, error] {
	return func(func(turno.Event, error) bool) { <-ctx.Done() }
}

// serve is a Store on a real server with a folder.
func serve(t testing.TB) files.Store {
	t.Helper()
	dir, err := folder.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	token := access.NewSecret()
	a, err := api.New(api.Options{
		Service: nobody{}, Files: dir, Listen: "127.0.0.1:0", Access: access.Options{Fixed: []access.Fixed{{Hash: access.Hash(token)}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	c, err := client.New(client.Options{URL: a.URL(), Token: token})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = dir.Close()
	})
	return remote.New(c)
}

func TestContract(t *testing.T) {
	t.Parallel()
	filestest.Run(t, filestest.Factory{
		New:   serve,
		Again: func(_ testing.TB, s files.Store) files.Store { return s },
	})
}
