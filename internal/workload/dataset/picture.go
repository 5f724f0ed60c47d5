package dataset

import (
	"context"
	"fmt"
	"image"
	_ "image/jpeg" // decoders of image.Decode
	_ "image/png"
	"os"
	"path/filepath"
	"slices"
)

// mostPixels of a picture that is read: more than cameras take.
const mostPixels = 100_000_000

// Pictures reads PNG and JPEG files, or all those in a folder by their names,
// as grey pictures of one size with light ink on a dark ground, from 0 to 255.
func Pictures(ctx context.Context, path string, height, width, limit int) (*Set, error) {
	paths := []string{path}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		if paths, err = inFolder(path); err != nil {
			return nil, err
		}
	}
	if limit > 0 {
		paths = paths[:min(limit, len(paths))]
	}
	if len(paths) > Most/(height*width) {
		return nil, errTooLarge(path)
	}
	s := &Set{Height: height, Width: width}
	for _, p := range paths {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		m, err := decode(p)
		if err != nil {
			return nil, err
		}
		s.X = append(s.X, fit(m, height, width)...)
		s.Files = append(s.Files, p)
	}
	return s, nil
}

func inFolder(path string) ([]string, error) {
	entries, err := os.ReadDir(path) // sorted by name
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		if IsPicture(e.Name()) {
			paths = append(paths, filepath.Join(path, e.Name()))
		}
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s: holds no PNG or JPEG", path)
	}
	return paths, nil
}

// decode asks for the size first: a few kilobytes may unfold to more pixels
// than there is memory.
func decode(path string) (image.Image, error) {
	// Asked before it is opened: opening a pipe would wait for its writer.
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	config, kind, err := image.DecodeConfig(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; PNG and JPEG are known", path, err)
	}
	if config.Width < 1 || config.Height < 1 || config.Width > mostPixels/config.Height {
		return nil, fmt.Errorf("%s: %d by %d pixels; at most %d in all are allowed", path, config.Width, config.Height, mostPixels)
	}
	if _, err := file.Seek(0, 0); err != nil {
		return nil, err
	}
	m, _, err := image.Decode(file)
	if err != nil {
		return nil, fmt.Errorf("%s: a broken %s: %w", path, kind, noEnd(err))
	}
	return m, nil
}

// fit makes a picture grey and dark, and scales it into height by width without
// changing its proportions. What is left at two sides is ground.
func fit(m image.Image, height, width int) []float32 {
	bounds := m.Bounds()
	w, h := bounds.Dx(), bounds.Dy()
	grey := make([]float32, w*h)
	for y := range h {
		for x := range w {
			r, g, b, a := m.At(bounds.Min.X+x, bounds.Min.Y+y).RGBA()
			light := (299*r+587*g+114*b)/1000 + 0xffff - a // on white paper
			grey[y*w+x] = min(float32(light)/257, 255)
		}
	}
	ground := border(grey, w, h)
	if ground > 127 {
		ground = 255 - ground
		for i, v := range grey {
			grey[i] = 255 - v
		}
	}
	if w == width && h == height {
		return grey
	}
	scale := min(float64(width)/float64(w), float64(height)/float64(h))
	left, top := (float64(width)-scale*float64(w))/2, (float64(height)-scale*float64(h))/2
	out := make([]float32, width*height)
	for y := range height {
		for x := range width {
			x0, x1 := (float64(x)-left)/scale, (float64(x+1)-left)/scale
			y0, y1 := (float64(y)-top)/scale, (float64(y+1)-top)/scale
			out[y*width+x] = mean(grey, w, [4]float64{x0, y0, x1, y1}, ground)
		}
	}
	return out
}

// border is the median along the picture's edge: the ground.
func border(grey []float32, w, h int) float32 {
	var edge []float32
	edge = append(append(edge, grey[:w]...), grey[(h-1)*w:]...)
	for y := range h {
		edge = append(edge, grey[y*w], grey[y*w+w-1])
	}
	slices.Sort(edge)
	return edge[len(edge)/2]
}

// mean grey of a rectangle (left, top, right, bottom), parts of pixels counted
// as such; what is beyond the picture is ground.
func mean(grey []float32, w int, box [4]float64, ground float32) float32 {
	h := len(grey) / w
	sum, area := 0.0, 0.0
	for y := int(max(0, box[1])); y < h && float64(y) < box[3]; y++ {
		down := min(box[3], float64(y+1)) - max(box[1], float64(y))
		for x := int(max(0, box[0])); x < w && float64(x) < box[2]; x++ {
			part := down * (min(box[2], float64(x+1)) - max(box[0], float64(x)))
			if part > 0 {
				sum += part * float64(grey[y*w+x])
				area += part
			}
		}
	}
	whole := (box[2] - box[0]) * (box[3] - box[1])
	return float32((sum + max(0, whole-area)*float64(ground)) / whole)
}
