package chart

import (
	"bytes"
	"compress/zlib"
	"io"
	"strings"
	"testing"
)

func small(title string) *Chart {
	return &Chart{Title: title, X: "x (µs)", Rows: []string{"uno", "dos"}, Mark: 1, XLog: true, Series: []Series{
		{Name: "a", Points: []Point{{X: 1, XLo: 0.5, XHi: 2}, {X: 3, XLo: 2, XHi: 9, Y: 1, YLo: 1, YHi: 1}}},
		{Name: "b", Style: 1, Kind: Boxes, Boxes: []Box{{Row: 1, Values: []float64{1, 2, 3, 9}}}},
	}}
}

// TestRender_PDFIsEncodedAsItsFonts keeps "ó" from becoming "Ã³".
func TestRender_PDFIsEncodedAsItsFonts(t *testing.T) {
	t.Parallel()
	data, err := small("Aceleración × Δ").Render("pdf")
	if err != nil {
		t.Fatal(err)
	}
	text := streams(t, data)
	if !bytes.Contains(text, []byte("Aceleraci\xf3n \xd7 ?")) || !bytes.Contains(text, []byte("\xb5s")) || bytes.Contains(text, []byte("\xc3\xb3")) {
		t.Errorf("the texts are not in Windows-1252")
	}
}

// streams are the contents of a PDF's compressed parts.
func streams(t *testing.T, data []byte) (out []byte) {
	t.Helper()
	for rest := data; ; {
		_, after, ok := bytes.Cut(rest, []byte("stream\n"))
		if !ok {
			return out
		}
		rest = after
		if z, err := zlib.NewReader(bytes.NewReader(after)); err == nil {
			part, _ := io.ReadAll(z) // what follows the part is no error
			out = append(out, part...)
		}
	}
}

func TestRender_TheSameBytesAgain(t *testing.T) {
	t.Parallel()
	for _, f := range Formats {
		a, err := small("A").Render(f)
		if err != nil {
			t.Fatal(err)
		}
		b, err := small("A").Render(f)
		if err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs: %v", f, err)
		}
	}
	if _, err := small("A").Render("bmp"); err == nil {
		t.Error("bmp was made")
	}
}

func TestLogTicks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		lo, hi float64
		want   string
	}{{0.3, 30, "0.5 1 2 5 10 20"}, {0.001, 1000, "0.001 0.01 0.1 1 10 100 1000"}, {1.5, 4, "2 3 4"}, {9e5, 3e7, "1000000 2000000 5000000 10000000 20000000"}} {
		var got []string
		for _, tick := range (logTicks{}).Ticks(tt.lo, tt.hi) {
			if tick.Label != "" {
				got = append(got, tick.Label)
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%g to %g: %v, want %s", tt.lo, tt.hi, got, tt.want)
		}
	}
}
