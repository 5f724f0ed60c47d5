// Command photo makes the photograph that the image workload ships: a still
// life on a wooden table, which nobody else holds rights to. It is a path
// tracer of the textbook kind (Kajiya 1986) with a thin lens, a window as the
// light, and grain as of film.
//
//	go run ./internal/workload/image/photo -o internal/workload/image/sample.jpg
//
// The committed file is the truth: another processor may round differently.
package main

import (
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
)

func main() {
	out := flag.String("o", "sample.jpg", "file to write")
	width := flag.Int("width", 960, "pixels; the height is two thirds of it")
	samples := flag.Int("samples", 144, "paths for each pixel")
	quality := flag.Int("quality", 86, "of the JPEG, 1 to 100")
	flag.Parse()
	height := *width * 2 / 3
	film := expose(stillLife(), *width, height, *samples)
	if err := save(*out, develop(film, *width, height), *quality); err != nil {
		fmt.Fprintln(os.Stderr, "photo:", err)
		os.Exit(1)
	}
}

// expose traces all pixels, a row at a time on every processor.
func expose(s *scene, width, height, samples int) []vector {
	film := make([]vector, width*height)
	var next atomic.Int64
	var wait sync.WaitGroup
	for range runtime.NumCPU() {
		wait.Go(func() {
			for {
				y := int(next.Add(1)) - 1
				if y >= height {
					return
				}
				for x := range width {
					film[y*width+x] = s.pixel(x, y, width, height, samples)
				}
			}
		})
	}
	wait.Wait()
	return film
}

// pixel averages paths through points spread over the pixel and the lens. A
// path brighter than any surface here is a stray one and would leave a speck.
func (s *scene) pixel(x, y, width, height, samples int) vector {
	dice := newDice(uint64(y*width + x))
	side := int(math.Sqrt(float64(samples)))
	sum := vector{}
	for i := range side * side {
		u := float64(x) + (float64(i%side)+dice.next())/float64(side)
		v := float64(y) + (float64(i/side)+dice.next())/float64(side)
		ray := s.lens.ray(2*u/float64(width)-1, (1-2*v/float64(height))*float64(height)/float64(width), dice)
		light := s.trace(ray, dice)
		if m := max(light.x, light.y, light.z); m > 12 {
			light = light.times(12 / m)
		}
		sum = sum.plus(light)
	}
	return sum.times(1 / float64(side*side))
}

// develop turns light into a print: vignette, glow, the shoulder and toe of
// film (Narkowicz's fit of ACES, 2015), and grain.
func develop(film []vector, width, height int) image.Image {
	const exposure = 1.35
	print := image.NewRGBA(image.Rect(0, 0, width, height))
	dice := newDice(1 << 40)
	for y := range height {
		for x := range width {
			u, v := 2*float64(x)/float64(width)-1, 2*float64(y)/float64(height)-1
			light := film[y*width+x].times(exposure * (1 - 0.16*(u*u+v*v)))
			grain := (dice.next() + dice.next() + dice.next() - 1.5) * 0.026
			print.SetRGBA(x, y, color.RGBA{tone(light.x*1.03, grain), tone(light.y, grain), tone(light.z*0.97, grain*1.2), 255})
		}
	}
	return print
}

func tone(light, grain float64) uint8 {
	light *= 0.72
	f := light * (2.51*light + 0.03) / (light*(2.43*light+0.59) + 0.14)
	f = math.Pow(min(max(f, 0), 1), 1/2.2)
	f += grain * (1 - 0.5*f)
	return uint8(min(max(f, 0), 1)*255 + 0.5)
}

func save(path string, print image.Image, quality int) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := jpeg.Encode(file, print, &jpeg.Options{Quality: quality}); err != nil {
		return fmt.Errorf("encode %s: %w", path, err)
	}
	return file.Close()
}
