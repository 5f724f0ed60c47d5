package image

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"turno"
	"turno/internal/workload"
)

func newEnv(dir string) *workload.Env {
	return &workload.Env{Device: turno.DeviceCPU, Threads: 2, Dir: dir, Log: io.Discard, Progress: func(turno.Progress) {}}
}

func params(t *testing.T, text string) Params {
	t.Helper()
	p, err := parse(json.RawMessage(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// operations with kernels of every shape: product, no product, a row, a column.
var operations = []string{
	`"operation": "blur", "sigma": 0.3`, `"operation": "blur", "sigma": 3.3`, `"operation": "blur", "radius": 12`,
	`"operation": "sharpen", "amount": 2.5`, `"operation": "edges"`, `"operation": "grayscale"`,
	`"operation": "kernel", "kernel": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]`,
	`"operation": "kernel", "kernel": [[1, 2, 1], [2, 4, 2], [1, 2, 1]]`,
	`"operation": "kernel", "kernel": [[-1, 3, 7, 0.5, 2]]`, `"operation": "kernel", "kernel": [[1], [0], [-4]]`,
	`"operation": "kernel", "kernel": [[0]]`, `"operation": "kernel", "kernel": [[1e-44, 1e-320, 0]]`, `"operation": "kernel", "kernel": [[1000000, -1000000, 0.001]]`,
}

func TestFilter_AgreesWithReference(t *testing.T) {
	t.Parallel()
	for _, operation := range operations {
		for _, border := range []Border{Clamp, Mirror, Wrap, Zero} {
			t.Run(fmt.Sprintf("%s %s", operation, border), func(t *testing.T) {
				t.Parallel()
				for _, size := range [][2]int{{1, 1}, {1, 9}, {7, 1}, {2, 3}, {27, 19}} {
					p := params(t, fmt.Sprintf(`{%s, "border": %q}`, operation, border))
					f := newFilter(p)
					from, to := newPicture(size[0], size[1], 3), newPicture(size[0], size[1], f.planes())
					if err := from.synthesize(t.Context(), 3, 1, 1); err != nil {
						t.Fatal(err)
					}
					w := &worker{filter: f, threads: 2}
					if err := w.apply(t.Context(), to, from); err != nil {
						t.Fatal(err)
					}
					v, err := f.verify(t.Context(), to, from, 0, 2)
					if err != nil || !v.Verified {
						t.Errorf("%v: %+v, %v", size, v, err)
					}
					spoilt := &to.planes[len(to.planes)-1][size[0]*size[1]-1]
					for _, off := range []float64{f.largest() * v.Tolerance * 3, math.NaN()} {
						right := *spoilt
						*spoilt += float32(off)
						if v, _ := f.verify(t.Context(), to, from, 0, 2); v.Verified {
							t.Errorf("%v: a pixel that is wrong by %g passed", size, off)
						}
						*spoilt = right
					}
				}
			})
		}
	}
}

// TestFilter_KnownAnswers does not trust the reference either.
func TestFilter_KnownAnswers(t *testing.T) {
	t.Parallel()
	from := newPicture(4, 1, 3)
	for c := range from.planes {
		copy(from.planes[c], []float32{10, 20, 30, 50})
	}
	for text, want := range map[string][]float32{
		`{"operation": "kernel", "kernel": [[1]]}`:                           {10, 20, 30, 50},
		`{"operation": "kernel", "kernel": [[1, 0, 0]], "border": "zero"}`:   {0, 10, 20, 30}, // to the left
		`{"operation": "kernel", "kernel": [[1, 0, 0]], "border": "wrap"}`:   {50, 10, 20, 30},
		`{"operation": "kernel", "kernel": [[1, 0, 0]], "border": "clamp"}`:  {10, 10, 20, 30},
		`{"operation": "kernel", "kernel": [[1, 0, 0]], "border": "mirror"}`: {20, 10, 20, 30},
		`{"operation": "kernel", "kernel": [[0, 0, 2]], "border": "zero"}`:   {40, 60, 100, 0},
		`{"operation": "edges", "border": "clamp"}`:                          {40, 80, 120, 80},
		`{"operation": "grayscale"}`:                                         {10, 20, 30, 50},
	} {
		w := &worker{filter: newFilter(params(t, text)), threads: 1}
		to := newPicture(4, 1, w.planes())
		if err := w.apply(t.Context(), to, from); err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if math.Abs(float64(to.planes[0][i]-want[i])) > 1e-4 {
				t.Errorf("%s: %v, want %v", text, to.planes[0], want)
				break
			}
		}
	}
}

func TestRun_FileInAndOut(t *testing.T) {
	t.Parallel()
	m := image.NewNRGBA(image.Rect(0, 0, 20, 10))
	for i := range m.Pix {
		m.Pix[i] = uint8(i * 7)
	}
	in := filepath.Join(t.TempDir(), "in.png")
	var text bytes.Buffer
	if err := png.Encode(&text, m); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(in, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	output, err := run(t.Context(), newEnv(dir), fmt.Appendf(nil, `{"input": %q, "operation": "kernel", "kernel": [[1]]}`, in))
	if err != nil {
		t.Fatal(err)
	}
	if o := output.(*Output); o.File != "result.png" || o.FileBytes == 0 || o.Width != 20 || o.Height != 10 || !o.Verified {
		t.Errorf("%+v", o)
	}
	got := readPNG(t, filepath.Join(dir, "result.png"))
	for y := range 10 {
		for x := range 20 {
			if got.At(x, y) != m.At(x, y) {
				t.Fatalf("pixel %d,%d is %v, want %v: transparency passes through", x, y, got.At(x, y), m.At(x, y))
			}
		}
	}
}

func readPNG(t *testing.T, path string) image.Image {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	m, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestRun_SampleToJPEG(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	output, err := run(t.Context(), newEnv(dir), json.RawMessage(`{"operation": "edges", "output": "edges.jpg"}`))
	if err != nil {
		t.Fatal(err)
	}
	o := output.(*Output)
	file, err := os.Open(filepath.Join(dir, "edges.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if m, err := jpeg.Decode(file); err != nil || m.ColorModel() != color.GrayModel || m.Bounds().Dx() != o.Width || o.Width < 900 {
		t.Errorf("%+v, %v", o, err)
	}
	if o.Method[:6] != "131072" {
		t.Errorf("a large picture is checked by %s", o.Method)
	}
}

// bomb is a PNG of a few bytes that says it has that many pixels.
func bomb(width, height uint32) []byte {
	header := append([]byte("IHDR"), make([]byte, 13)...)
	binary.BigEndian.PutUint32(header[4:], width)
	binary.BigEndian.PutUint32(header[8:], height)
	header[12], header[13] = 8, 6
	text := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), header...)
	return binary.BigEndian.AppendUint32(text, crc32.ChecksumIEEE(header))
}

func TestRun_RefusesFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string][]byte{
		"bomb.png": bomb(60_000, 60_000), "huge.png": bomb(1<<31-1, 1<<31-1), "text.png": []byte("hello"), "half.jpg": sample[:len(sample)/20], "empty": nil,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ name, want string }{
		{"bomb.png", "60000 by 60000 pixels"}, {"huge.png", ""}, {"text.png", "neither a PNG nor a JPEG"}, {"half.jpg", ""},
		{"empty", "neither a PNG nor a JPEG"}, {"missing", "no such file"}, {".", "not a regular file"},
	} {
		_, err := run(t.Context(), newEnv(t.TempDir()), fmt.Appendf(nil, `{"input": %q}`, filepath.Join(dir, c.name)))
		f, ok := errors.AsType[*workload.Failure](err)
		if !ok || f.Reason != turno.ReasonSetupFailed || f.Retryable || !strings.Contains(f.Message, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestRun_OutputStaysInItsFolder(t *testing.T) {
	t.Parallel()
	dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(outside, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "link.png")); err != nil {
		t.Fatal(err)
	}
	if _, err := run(t.Context(), newEnv(dir), json.RawMessage(`{"operation": "grayscale", "output": "link.png"}`)); err == nil {
		t.Error("a link out of the folder was followed")
	}
	if text, _ := os.ReadFile(outside); string(text) != "precious" {
		t.Error("a file outside was written")
	}
	for _, name := range []string{"../x.png", "/tmp/x.png", "a/b.png", ".png", "x.gif", "x", "..", "a\\b.png", "x.png\x00"} {
		text, _ := json.Marshal(map[string]string{"output": name})
		if _, err := parse(text); err == nil || err.Field != "params.output" {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestParse_Nonsense(t *testing.T) {
	t.Parallel()
	for text, field := range map[string]string{
		`{"input": "photo.png"}`:                                "params.input",
		`{"operation": "kernel"}`:                               "params.kernel",
		`{"kernel": [[1]]}`:                                     "params.kernel",
		`{"operation": "kernel", "kernel": [[1, 2]]}`:           "params.kernel",
		`{"operation": "kernel", "kernel": [[1], [2]]}`:         "params.kernel",
		`{"operation": "kernel", "kernel": [[1], [1, 2], [1]]}`: "params.kernel",
		`{"operation": "kernel", "kernel": []}`:                 "params.kernel",
		`{"input": "/x.png", "synthetic": {}}`:                  "params.synthetic",
		`{"synthetic": {"width": 60000, "height": 60000}}`:      "params.synthetic",
	} {
		if _, err := parse(json.RawMessage(text)); err == nil || err.Field != field {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestRun_CancelWhileReading(t *testing.T) {
	t.Parallel()
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if _, err := run(ctx, newEnv(t.TempDir()), json.RawMessage(`{}`)); !errors.Is(err, why) {
		t.Error(err)
	}
}

func BenchmarkFilter(b *testing.B) {
	for _, operation := range []string{`"operation": "blur", "sigma": 2`, `"operation": "sharpen"`, `"operation": "edges"`, `"operation": "grayscale"`,
		`"operation": "kernel", "kernel": [[1,2,3,4,5],[2,3,4,5,1],[3,4,5,1,2],[4,5,1,2,3],[5,1,2,3,4]]`} {
		b.Run(operation, func(b *testing.B) {
			p, bad := parse(json.RawMessage("{" + operation + "}"))
			if bad != nil {
				b.Fatal(bad)
			}
			w := &worker{filter: newFilter(p), threads: 2}
			from, to := newPicture(1920, 1080, 3), newPicture(1920, 1080, w.planes())
			if err := from.synthesize(b.Context(), 1, 1, 2); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if err := w.apply(b.Context(), to, from); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(1920*1080*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mpixel/s")
		})
	}
}
