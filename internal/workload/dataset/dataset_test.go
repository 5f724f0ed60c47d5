package dataset

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"turno/internal/workload/digits"
)

func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func zip(t *testing.T, data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(data)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCSV_LabelsAndHeaders(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text    string
		options Options
		x       []float32
		labels  []int32
		names   []string
	}{
		"plain, label first":    {text: "3,1,2\n0,4,5\n", x: []float32{1, 2, 4, 5}, labels: []int32{3, 0}},
		"header names it":       {text: "a,Class,b\n1,3,2\n4,0,5\n", x: []float32{1, 2, 4, 5}, labels: []int32{3, 0}},
		"texts, sorted":         {text: "a;b;species\n1;2;oak\n4;5;ash\n", x: []float32{1, 2, 4, 5}, labels: []int32{1, 0}, names: []string{"ash", "oak"}},
		"tabs, BOM, CRLF":       {text: "\ufefflabel\ta\r\n1\t7\r\n", x: []float32{7}, labels: []int32{1}},
		"last":                  {text: "1,2,3\n", options: Options{Column: "last"}, x: []float32{1, 2}, labels: []int32{3}},
		"second":                {text: "1,2,3\n", options: Options{Column: "2"}, x: []float32{1, 3}, labels: []int32{2}},
		"none":                  {text: "1,2,3\n", options: Options{Column: "none"}, x: []float32{1, 2, 3}},
		"as many as it takes":   {text: "1,2,3\n", options: Options{Inputs: 3}, x: []float32{1, 2, 3}},
		"limit":                 {text: "1,2\n1,3\n1,4\n", options: Options{Limit: 2}, x: []float32{2, 3}, labels: []int32{1, 1}},
		"names of a model":      {text: "b,1\n", options: Options{Names: []string{"a", "b"}}, x: []float32{1}, labels: []int32{1}, names: []string{"a", "b"}},
		"quotes and spaces":     {text: "label, \"a\"\n\"x y\", 1.5e1\n", x: []float32{15}, labels: []int32{0}, names: []string{"x y"}},
		"no newline at the end": {text: "1,2", x: []float32{2}, labels: []int32{1}},
	} {
		for _, data := range [][]byte{[]byte(c.text), zip(t, []byte(c.text))} {
			s, err := Read(t.Context(), write(t, "x.csv", data), c.options)
			if err != nil || !slices.Equal(s.X, c.x) || !slices.Equal(s.Labels, c.labels) || !slices.Equal(s.Names, c.names) {
				t.Errorf("%s: %+v, %v", name, s, err)
			}
		}
	}
}

func TestCSV_Pictures(t *testing.T) {
	t.Parallel()
	row := "5" + strings.Repeat(",255", 64) + "\n"
	s, err := Read(t.Context(), write(t, "x.csv", []byte(row+row)), Options{})
	if err != nil || s.Height != 8 || s.Width != 8 || s.Len() != 2 || s.Classes != 6 {
		t.Errorf("%d by %d, %v", s.Height, s.Width, err)
	}
	s, err = Read(t.Context(), write(t, "x.csv", []byte(row+strings.Replace(row, "255", "0.5", 1))), Options{})
	if err != nil || s.Height != 1 || s.Width != 64 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestRead_SaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"":                                   "no samples",
		"a,b\n":                              "no samples",
		"1,2\n1\n":                           "line 2: has another number of columns",
		"1,2\n1,x\n":                         `line 2, column 2: "x" is not a number`,
		"1,2\n1,NaN\n":                       "not a number",
		"1,2\n1,\n":                          "not a number",
		"1,2\n,3\n":                          "line 2: has no label",
		"1\n":                                "no column beside the label",
		"1,\"2\n":                            "line 1",
		"\x00\x00\x08\x03":                   "ends too early",
		"\x00\x00\x0d\x03":                   "begins with 00000d03",
		"\x00\x00\x08\x09":                   "9 dimensions",
		"\x00\x00\x08\x01\x00\x00\x00\x02ab": "labels, not samples",
		"\x00\x00\x08\x03\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x02abc": "sample 2 of 2: ends too early",
		"\x00\x00\x08\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff":    "at most",
		"\x00\x00\x08\x03\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x02":    "0 samples",
		"\x1f\x8bnonsense, nonsense":                                          "unpack",
	} {
		_, err := Read(t.Context(), write(t, "x", []byte(text)), Options{})
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := Read(t.Context(), t.TempDir(), Options{}); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Error(err)
	}
	if _, err := Read(t.Context(), write(t, "x", []byte("1,2\n")), Options{Column: "weight"}); err == nil || !strings.Contains(err.Error(), `no column "weight"`) {
		t.Error(err)
	}
	if _, err := Read(t.Context(), write(t, "x", []byte("c,2\n")), Options{Names: []string{"a"}}); err == nil || !strings.Contains(err.Error(), "none of the model's") {
		t.Error(err)
	}
	cut := zip(t, bytes.Repeat([]byte("1,2\n"), 1000))
	if _, err := Read(t.Context(), write(t, "x", cut[:len(cut)-12]), Options{}); err == nil || !strings.Contains(err.Error(), "ends too early") {
		t.Error(err)
	}
}

func TestIDX_ReadsWhatWriteIDXWrote(t *testing.T) {
	t.Parallel()
	want, err := Digits(t.Context(), digits.Set{Seed: 3}, 10, 130, 2)
	if err != nil {
		t.Fatal(err)
	}
	var samples, labels bytes.Buffer
	if err := WriteIDX(&samples, &labels, want); err != nil {
		t.Fatal(err)
	}
	for _, zipped := range []bool{false, true} {
		a, b := samples.Bytes(), labels.Bytes()
		if zipped {
			a, b = zip(t, a), zip(t, b)
		}
		got, err := Read(t.Context(), write(t, "a", a), Options{Labels: write(t, "b", b)})
		if err != nil || !slices.Equal(got.X, want.X) || !slices.Equal(got.Labels, want.Labels) || got.Height != 28 || got.Classes != 10 {
			t.Errorf("zipped %t: %v", zipped, err)
		}
	}
	if _, err := Read(t.Context(), write(t, "a", samples.Bytes()), Options{Labels: write(t, "b", labels.Bytes()[:50])}); err == nil {
		t.Error("half of the labels pass")
	}
}

func TestDigits_KnownFromTheirPlace(t *testing.T) {
	t.Parallel()
	all, err := Digits(t.Context(), digits.Set{Seed: 3}, 0, 300, 1)
	if err != nil {
		t.Fatal(err)
	}
	part, err := Digits(t.Context(), digits.Set{Seed: 3}, 100, 200, 3)
	if err != nil || !slices.Equal(part.X, all.Cut(100, 300).X) || !slices.Equal(part.Labels, all.Labels[100:]) {
		t.Errorf("parts differ, %v", err)
	}
	counts := make([]int, 10)
	for _, l := range all.Labels {
		counts[l]++
	}
	if slices.Min(counts) < 10 {
		t.Errorf("labels %d", counts)
	}
	other, _ := Digits(t.Context(), digits.Set{Seed: 3, Stream: 1}, 0, 300, 1)
	if slices.Equal(other.X, all.X) {
		t.Error("streams are alike")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Digits(ctx, digits.Set{}, 0, 1000, 2); err == nil {
		t.Error("no end after a cancel")
	}
}

func TestScaling(t *testing.T) {
	t.Parallel()
	s := &Set{Height: 1, Width: 3, X: []float32{1000, 5, 0, 3000, 5, 2}}
	mean, scale := s.Scaling()
	s.Apply(mean, scale)
	if !slices.Equal(s.X, []float32{-1, 0, -1, 1, 0, 1}) {
		t.Errorf("%v by %v, %v", s.X, mean, scale)
	}
}

// TestPictures_LightPaper draws a digit as people do, dark on light and large,
// and expects what the net was trained on.
func TestPictures_LightPaper(t *testing.T) {
	t.Parallel()
	var small [digits.Pixels]uint8
	digits.Set{Seed: 1}.Draw(4, small[:])
	dark := image.NewGray(image.Rect(0, 0, 28, 28))
	copy(dark.Pix, small[:])
	light := image.NewRGBA(image.Rect(0, 0, 280, 400)) // taller than wide
	for y := range 400 {
		for x := range 280 {
			v := uint8(255)
			if row := (y - 60) / 10; y >= 60 && row < 28 {
				v = 255 - small[row*28+x/10]
			}
			light.Set(x, y, color.Gray{v})
		}
	}
	dir := t.TempDir()
	for name, m := range map[string]image.Image{"1.png": dark, "2.PNG": light} {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(png.Encode(f, m), f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Pictures(t.Context(), dir, 28, 28, 0)
	if err != nil || s.Len() != 2 || !strings.HasSuffix(s.Files[1], "2.PNG") {
		t.Fatal(s, err)
	}
	for i, v := range s.Sample(0) {
		if v != float32(small[i]) {
			t.Fatalf("pixel %d of the small picture is %g, not %d", i, v, small[i])
		}
	}
	ink := func(x []float32) (sum float32) {
		for _, v := range x {
			sum += v
		}
		return sum
	}
	// Scaled by 0.7 in both directions, the ink is half of what it was.
	if part := ink(s.Sample(1)) / ink(s.Sample(0)); part < .45 || part > .53 {
		t.Errorf("%g of the ink", part)
	}
	if _, err := Pictures(t.Context(), write(t, "x.png", []byte("no picture")), 28, 28, 0); err == nil || !strings.Contains(err.Error(), "PNG and JPEG") {
		t.Error(err)
	}
	if _, err := Pictures(t.Context(), t.TempDir(), 28, 28, 0); err == nil || !strings.Contains(err.Error(), "no PNG or JPEG") {
		t.Error(err)
	}
}

// FuzzRead: no panic, and what is read is a set.
func FuzzRead(f *testing.F) {
	f.Add([]byte("label,a\nx,1\ny,2\n"))
	f.Add([]byte("\x00\x00\x08\x03\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x02abcd"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Read(t.Context(), write(t, "x", data), Options{})
		if err != nil {
			return
		}
		if s.Len() < 1 || len(s.X) != s.Len()*s.Inputs() || s.Labels != nil && len(s.Labels) != s.Len() {
			t.Errorf("%d samples, %d numbers, %d labels", s.Len(), len(s.X), len(s.Labels))
		}
		for _, l := range s.Labels {
			if l < 0 || int(l) >= s.Classes {
				t.Errorf("label %d of %d classes", l, s.Classes)
			}
		}
	})
}
