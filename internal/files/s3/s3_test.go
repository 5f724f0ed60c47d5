package s3_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"turno/internal/files"
	"turno/internal/files/filestest"
	"turno/internal/files/s3"
	"turno/internal/testenv"
)

// TestContract runs on Versity's gateway, a real S3 server over a folder.
func TestContract(t *testing.T) {
	server := testenv.S3(t)
	t.Setenv("AWS_ACCESS_KEY_ID", testenv.S3Key)
	t.Setenv("AWS_SECRET_ACCESS_KEY", testenv.S3Secret)
	var stores atomic.Int64
	open := func(t testing.TB, prefix string) *s3.Store {
		s, err := s3.Open(t.Context(), fmt.Sprintf("%s&region=us-east-1", fmt.Sprintf(server.URL(), prefix)))
		if err != nil {
			t.Fatal(err)
		}
		s.SetPart(5 << 20)
		return s
	}
	filestest.Run(t, filestest.Factory{
		Keeper: true,
		New:    func(t testing.TB) files.Store { return open(t, fmt.Sprintf("s%d", stores.Add(1))) },
		Again:  func(t testing.TB, s files.Store) files.Store { return open(t, s.(*s3.Store).Prefix()) },
		Piece:  5 << 20,
	})
}

func TestOpen_Nonsense(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "s3://", "http://x/y", "s3://b?endpoint=127.0.0.1:1&secret=x", "s3://b/p?endpoint=http://x"} {
		if _, err := s3.Open(t.Context(), address); err == nil {
			t.Errorf("%q is taken", address)
		}
	}
}
