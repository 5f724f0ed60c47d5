// Package filestest is the contract of files.Store as tests: the sentences F1
// to F13 of package files, each a subtest that every adapter passes.
package filestest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"turno"
	"turno/internal/files"
)

// Factory makes stores for the suite.
type Factory struct {
	// New is an empty store.
	New func(t testing.TB) files.Store
	// Again opens once more what a store has kept: as after its process was
	// killed.
	Again func(t testing.TB, s files.Store) files.Store
	// Piece is what a broken Put may lose: 0 for an adapter that keeps all.
	Piece int
	// Full is a store with room for so many bytes, and a function that makes
	// room; nil: the adapter leaves that to the store behind it.
	Full func(t testing.TB, room int64) (files.Store, func())
	// Keeper says that its stores are Keepers.
	Keeper bool
}

// Run runs the suite.
func Run(t *testing.T, f Factory) {
	type sentence struct {
		name string
		run  func(*testing.T, Factory)
	}
	list := []sentence{
		{"F1_F8_GivesTheBytesOfTheHash", wholeBytes}, {"F2_BeginsAtWhatIsStored", offsets}, {"F3_KeepsWhatABrokenPutBrought", broken},
		{"F4_RefusesAnotherContent", mismatch}, {"F5_PutOfAWholeBlob", again}, {"F6_F7_SmallBlobs", small},
		{"F9_StatInOrder", stats}, {"F10_Names", names}, {"F12_TwoPutsAtATime", twoPuts}, {"Nonsense", nonsense},
	}
	if f.Full != nil {
		list = append(list, sentence{"F11_FullDisk", fullDisk})
	}
	if f.Keeper {
		list = append(list, sentence{"F13_ListAndDelete", keeper})
	}
	for _, test := range list {
		t.Run(test.name, func(t *testing.T) { t.Parallel(); test.run(t, f) })
	}
}

// blob is n bytes that depend on seed, and their hash.
func blob(seed uint64, n int) (hash string, data []byte) {
	data = make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	_, _ = r.Read(data)
	return sum(data), data
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t testing.TB, s files.Store, hash string, data []byte) {
	t.Helper()
	stored, err := s.Put(t.Context(), files.Part{Hash: hash, Size: int64(len(data))}, bytes.NewReader(data))
	if err != nil || stored != int64(len(data)) {
		t.Fatalf("put: %d of %d bytes: %v", stored, len(data), err)
	}
}

func stat(t testing.TB, s files.Store, hash string) turno.Blob {
	t.Helper()
	out, err := s.Stat(t.Context(), []string{hash})
	if err != nil || len(out) != 1 || out[0].Hash != hash {
		t.Fatalf("stat: %v %v", out, err)
	}
	return out[0]
}

func read(t testing.TB, s files.Store, hash string, offset int64) []byte {
	t.Helper()
	r, err := s.Open(t.Context(), hash, offset)
	must(t, err)
	defer r.Close()
	data, err := io.ReadAll(r)
	must(t, err)
	return data
}

func wantError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

func wholeBytes(t *testing.T, f Factory) {
	s := f.New(t)
	for i, n := range []int{0, 1, 1000, 300 << 10, max(2*f.Piece+7, 1<<20)} {
		hash, data := blob(uint64(i), n)
		_, err := s.Open(t.Context(), hash, 0)
		wantError(t, err, files.ErrNotFound)
		put(t, s, hash, data)
		if got := read(t, s, hash, 0); !bytes.Equal(got, data) {
			t.Errorf("%d bytes come back as %d others", n, len(got))
		}
		if got := read(t, s, hash, int64(n/2)); !bytes.Equal(got, data[n/2:]) {
			t.Errorf("the second half of %d bytes is %d others", n, len(got))
		}
		if b := stat(t, f.Again(t, s), hash); !b.Whole || b.Stored != int64(n) {
			t.Errorf("%+v of %d bytes", b, n)
		}
	}
}

func offsets(t *testing.T, f Factory) {
	s := f.New(t)
	hash, data := blob(20, 3*max(f.Piece, 1000))
	size := int64(len(data))
	_, err := s.Put(t.Context(), files.Part{Hash: hash, Offset: 10, Size: size}, bytes.NewReader(data[10:]))
	wantError(t, err, files.ErrOffset)
	half := size / 3
	stored, err := s.Put(t.Context(), files.Part{Hash: hash, Size: size}, bytes.NewReader(data[:half]))
	if err != nil || stored != half {
		t.Fatalf("the first third: %d: %v", stored, err)
	}
	for _, at := range []int64{0, half - 1, half + 1, size} {
		stored, err := s.Put(t.Context(), files.Part{Hash: hash, Offset: at, Size: size}, bytes.NewReader(data[at:]))
		wantError(t, err, files.ErrOffset)
		if stored != half {
			t.Errorf("Put at %d tells %d stored, want %d", at, stored, half)
		}
	}
	_, err = s.Open(t.Context(), hash, 0)
	wantError(t, err, files.ErrNotFound)
	stored, err = s.Put(t.Context(), files.Part{Hash: hash, Offset: half, Size: size}, bytes.NewReader(data[half:]))
	if err != nil || stored != size {
		t.Fatalf("the rest: %d: %v", stored, err)
	}
	if got := read(t, s, hash, 0); !bytes.Equal(got, data) {
		t.Error("put in two parts, it is another one")
	}
}

// cutReader ends with an error after n bytes.
type cutReader struct {
	r io.Reader
	n int
}

var errCut = errors.New("the line was cut")

func (c *cutReader) Read(p []byte) (int, error) {
	if c.n == 0 {
		return 0, errCut
	}
	n, err := c.r.Read(p[:min(len(p), c.n)])
	c.n -= n
	return n, err
}

func broken(t *testing.T, f Factory) {
	s := f.New(t)
	hash, data := blob(30, 4*max(f.Piece, 1<<20)+123)
	size := int64(len(data))
	var at int64
	for _, cut := range []int{len(data) / 3, len(data) / 4, 1} {
		stored, err := s.Put(t.Context(), files.Part{Hash: hash, Offset: at, Size: size}, &cutReader{bytes.NewReader(data[at:]), cut})
		if err == nil {
			t.Fatal("a broken Put is no error")
		}
		if stored < at+int64(cut-f.Piece) || stored > at+int64(cut) {
			t.Errorf("after %d of %d bytes from %d: %d are stored", cut, size, at, stored)
		}
		s = f.Again(t, s)
		b := stat(t, s, hash)
		if b.Whole || b.Stored != stored {
			t.Fatalf("opened again, it has %+v, and told %d", b, stored)
		}
		at = stored
	}
	_, err := s.Put(t.Context(), files.Part{Hash: hash, Offset: at, Size: size}, bytes.NewReader(data[at:]))
	must(t, err)
	if got := read(t, s, hash, 0); !bytes.Equal(got, data) {
		t.Error("put in pieces, it is another one")
	}
}

func mismatch(t *testing.T, f Factory) {
	s := f.New(t)
	hash, data := blob(40, 100_000)
	wrong := slices.Clone(data)
	wrong[99_999]++
	_, err := s.Put(t.Context(), files.Part{Hash: hash, Size: int64(len(wrong))}, bytes.NewReader(wrong))
	wantError(t, err, files.ErrMismatch)
	if b := stat(t, s, hash); b.Whole || b.Stored != 0 {
		t.Errorf("left: %+v", b)
	}
	put(t, s, hash, data) // and the right one can come
	other, _ := blob(41, 10)
	err = s.PutAll(t.Context(), all(files.Small{Hash: other, Data: data}))
	wantError(t, err, files.ErrMismatch)
	if b := stat(t, s, other); b.Whole || b.Stored != 0 {
		t.Errorf("left: %+v", b)
	}
}

func again(t *testing.T, f Factory) {
	s := f.New(t)
	hash, data := blob(50, 5000)
	put(t, s, hash, data)
	stored, err := s.Put(t.Context(), files.Part{Hash: hash, Size: 5000}, &cutReader{bytes.NewReader(data), 0})
	if err != nil || stored != 5000 {
		t.Errorf("%d: %v", stored, err)
	}
	must(t, s.PutAll(t.Context(), all(files.Small{Hash: hash, Data: data}, files.Small{Hash: hash, Data: data})))
}

func all(list ...files.Small) iter.Seq2[files.Small, error] {
	return func(yield func(files.Small, error) bool) {
		for _, s := range list {
			if !yield(s, nil) {
				return
			}
		}
	}
}

func small(t *testing.T, f Factory) {
	s := f.New(t)
	var list []files.Small
	var hashes []string
	for i := range 700 {
		hash, data := blob(uint64(1000+i), i)
		list, hashes = append(list, files.Small{Hash: hash, Data: data}), append(hashes, hash)
	}
	must(t, s.PutAll(t.Context(), all(list...)))
	s = f.Again(t, s)
	got, err := s.Stat(t.Context(), hashes)
	must(t, err)
	for i, b := range got {
		if !b.Whole || b.Stored != int64(i) {
			t.Fatalf("blob %d: %+v", i, b)
		}
	}
	if got := read(t, s, hashes[699], 0); !bytes.Equal(got, list[699].Data) {
		t.Error("it is another one")
	}
	hash, data := blob(60, 10)
	never, _ := blob(61, 10)
	err = s.PutAll(t.Context(), func(yield func(files.Small, error) bool) {
		_ = yield(files.Small{Hash: hash, Data: data}, nil) && yield(files.Small{}, errCut)
	})
	wantError(t, err, errCut)
	if b := stat(t, s, hash); !b.Whole {
		t.Errorf("what came before the cut: %+v", b)
	}
	if b := stat(t, s, never); b.Whole {
		t.Error("what never came is there")
	}
}

func stats(t *testing.T, f Factory) {
	s := f.New(t)
	one, data := blob(70, 10)
	two, _ := blob(71, 10)
	put(t, s, one, data)
	got, err := s.Stat(t.Context(), []string{two, one, two})
	must(t, err)
	want := []turno.Blob{{Hash: two}, {Hash: one, Stored: 10, Whole: true}, {Hash: two}}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
	if got, err := s.Stat(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("of none: %v %v", got, err)
	}
}

func names(t *testing.T, f Factory) {
	s := f.New(t)
	one, _ := blob(80, 10)
	two, _ := blob(81, 10)
	_, err := s.Name(t.Context(), "job-1")
	wantError(t, err, files.ErrNotFound)
	for _, want := range []string{one, two, two} {
		must(t, s.SetName(t.Context(), "job-1", want))
		s = f.Again(t, s)
		if got, err := s.Name(t.Context(), "job-1"); err != nil || got != want {
			t.Errorf("%q, %v", got, err)
		}
	}
	_, err = s.Name(t.Context(), "job-2")
	wantError(t, err, files.ErrNotFound)
}

func fullDisk(t *testing.T, f Factory) {
	s, makeRoom := f.Full(t, 600<<10)
	hash, data := blob(90, 1<<20)
	at, err := s.Put(t.Context(), files.Part{Hash: hash, Size: 1 << 20}, bytes.NewReader(data))
	wantError(t, err, files.ErrFull)
	var many []files.Small
	for i := range 4 {
		h, d := blob(uint64(91+i), 200<<10)
		many = append(many, files.Small{Hash: h, Data: d})
	}
	wantError(t, s.PutAll(t.Context(), all(many...)), files.ErrFull)
	if b := stat(t, s, hash); b.Whole || b.Stored != at {
		t.Errorf("told %d, has %+v", at, b)
	}
	makeRoom()
	_, err = s.Put(t.Context(), files.Part{Hash: hash, Offset: at, Size: 1 << 20}, bytes.NewReader(data[at:]))
	must(t, err)
	must(t, s.PutAll(t.Context(), all(many...)))
	if got := read(t, s, hash, 0); !bytes.Equal(got, data) {
		t.Error("it is another one")
	}
}

// gate lets a Put wait in the middle.
type gate struct {
	data  []byte
	enter chan struct{}
	leave chan struct{}
	once  sync.Once
}

func (g *gate) Read(p []byte) (int, error) {
	g.once.Do(func() { close(g.enter); <-g.leave })
	if len(g.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p, g.data)
	g.data = g.data[n:]
	return n, nil
}

func twoPuts(t *testing.T, f Factory) {
	s := f.New(t)
	hash, data := blob(100, 50_000)
	part := files.Part{Hash: hash, Size: int64(len(data))}
	g := &gate{data: data, enter: make(chan struct{}), leave: make(chan struct{})}
	first := make(chan error, 1)
	go func() {
		_, err := s.Put(context.WithoutCancel(t.Context()), part, g)
		first <- err
	}()
	<-g.enter
	_, second := s.Put(t.Context(), part, bytes.NewReader(data))
	close(g.leave)
	err := <-first
	for _, e := range []error{err, second} {
		if e != nil && !errors.Is(e, files.ErrBusy) && !errors.Is(e, files.ErrOffset) {
			t.Error(e)
		}
	}
	if err != nil && second != nil {
		t.Errorf("none of the two went on: %v; %v", err, second)
	}
	if got := read(t, s, hash, 0); !bytes.Equal(got, data) {
		t.Error("it is another one")
	}
}

func keeper(t *testing.T, f Factory) {
	k := f.New(t).(files.Keeper)
	began := time.Now().Add(-5 * time.Second) // of another machine's clock, to the second
	want := map[string]bool{}
	for i := range 5 {
		hash, data := blob(uint64(110+i), 100)
		put(t, k, hash, data)
		want[hash] = true
	}
	part, data := blob(120, 2*max(f.Piece, 100))
	_, err := k.Put(t.Context(), files.Part{Hash: part, Size: int64(len(data))}, bytes.NewReader(data[:max(f.Piece, 100)]))
	must(t, err)
	want[part] = false
	seen := map[string]bool{}
	for e, err := range k.List(t.Context()) {
		must(t, err)
		if _, twice := seen[e.Hash]; twice || e.At.Before(began) {
			t.Errorf("%+v: twice: %v", e, twice)
		}
		seen[e.Hash] = e.Whole
	}
	if fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Errorf("listed %v, want %v", seen, want)
	}
	for hash := range want {
		must(t, k.Delete(t.Context(), hash))
		must(t, k.Delete(t.Context(), hash))
		if b := stat(t, k, hash); b.Whole || b.Stored != 0 {
			t.Errorf("deleted, and there: %+v", b)
		}
	}
	for e, err := range k.List(t.Context()) {
		t.Errorf("left: %+v %v", e, err)
	}
}

func nonsense(t *testing.T, f Factory) {
	s := f.New(t)
	for _, h := range []string{"", "..", "../../etc/passwd", "/etc/passwd", sum(nil)[:63], sum(nil) + "0", "A" + sum(nil)[1:], sum(nil)[:62] + "/x", sum(nil)[:63] + "\x00"} {
		if _, err := s.Stat(t.Context(), []string{h}); err == nil {
			t.Errorf("Stat of %q", h)
		}
		if _, err := s.Open(t.Context(), h, 0); err == nil {
			t.Errorf("Open of %q", h)
		}
		if _, err := s.Put(t.Context(), files.Part{Hash: h, Size: 1}, bytes.NewReader([]byte{1})); err == nil {
			t.Errorf("Put of %q", h)
		}
		if err := s.PutAll(t.Context(), all(files.Small{Hash: h, Data: []byte{1}})); err == nil {
			t.Errorf("PutAll of %q", h)
		}
	}
	good, _ := blob(130, 1)
	for _, n := range []string{"", ".", "..", "../x", "a/b", ".x", "-x", "a b", "a\x00", string(make([]byte, 200))} {
		if err := s.SetName(t.Context(), n, good); err == nil {
			t.Errorf("the name %q was given", n)
		}
		if _, err := s.Name(t.Context(), n); err == nil {
			t.Errorf("the name %q was found", n)
		}
	}
	if err := s.SetName(t.Context(), "x", "../../etc/passwd"); err == nil {
		t.Error("a name leads to no hash")
	}
}
