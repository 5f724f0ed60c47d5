package kernel

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"turno/internal/gpu/cuda"
	"turno/internal/gpu/cuda/driver"
	"turno/internal/workload"
)

// number is the value as Pack takes it.
func (a *Argument) number() (any, error) {
	text := a.Value.String()
	switch a.Type {
	case "int32":
		v, err := strconv.ParseInt(text, 10, 32)
		return int32(v), err
	case "uint32":
		v, err := strconv.ParseUint(text, 10, 32)
		return uint32(v), err
	case "int64":
		return strconv.ParseInt(text, 10, 64)
	case "uint64":
		return strconv.ParseUint(text, 10, 64)
	case "float32":
		v, err := strconv.ParseFloat(text, 32)
		return float32(v), err
	case "float64":
		return strconv.ParseFloat(text, 64)
	}
	return nil, fmt.Errorf("there is no type %.20q; use buffer, int32, uint32, int64, uint64, float32 or float64", a.Type)
}

// held is a buffer on the device. What it held first is kept, so that each
// launch begins with the same.
type held struct {
	*Argument
	device, first driver.Ptr
}

// locate finds a file: as it is, or within the job's inputs.
func locate(env *workload.Env, path string) (string, error) {
	if filepath.IsAbs(path) {
		return path, nil
	}
	if env.Inputs == "" || !filepath.IsLocal(path) {
		return "", setup("%s is not a full path, and not one within the job's input files: submit it with --input", path)
	}
	return filepath.Join(env.Inputs, path), nil
}

// fill makes what a buffer without a file holds first.
func (h *held) fill(ctx context.Context, env *workload.Env, seed int64, stream uint64) ([]byte, error) {
	data := make([]byte, h.Bytes)
	numbers := make([]float32, h.Bytes/4)
	if h.Fill == "random" {
		if err := workload.Fill(ctx, numbers, workload.NewRandom(seed, stream), env.Threads); err != nil {
			return nil, err
		}
	} else {
		for i := range numbers {
			numbers[i] = float32(i)
		}
	}
	copy(data, driver.Bytes(numbers))
	return data, nil
}

func (h *held) read(env *workload.Env) ([]byte, error) {
	path, err := locate(env, h.File)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, setup("a buffer's file: %v", err)
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil || !info.Mode().IsRegular():
		return nil, setup("a buffer's file: %s is no file", path)
	case h.Bytes == 0 && info.Size() == 0:
		return nil, setup("a buffer's file: %s is empty", path)
	case h.Bytes == 0:
		h.Bytes = info.Size()
	case info.Size() > h.Bytes:
		return nil, setup("a buffer's file: %s has %d bytes, the buffer %d", path, info.Size(), h.Bytes)
	}
	data := make([]byte, h.Bytes) // the rest is zeros
	if _, err := io.ReadFull(file, data[:info.Size()]); err != nil {
		return nil, setup("a buffer's file: %v", err)
	}
	return data, nil
}

// upload puts a buffer on the device, twice if it will be needed again. Room
// there comes first: a job that asks for too much fails by that, and not for
// what the worker would have to hold of it. Zeros are made there.
func (h *held) upload(ctx context.Context, env *workload.Env, s *cuda.Session, o uploadOptions) error {
	var data []byte
	var err error
	if h.File != "" { // which may say how large it is
		if data, err = h.read(env); err != nil {
			return err
		}
	}
	if h.device, err = s.Alloc(h.Bytes); err != nil {
		return err
	}
	to := h.device
	if o.again {
		if h.first, err = s.Alloc(h.Bytes); err != nil {
			return err
		}
		to = h.first
	}
	switch {
	case h.File == "" && h.Fill == "zero":
		err = s.Zero(to, h.Bytes)
	case h.File == "":
		if data, err = h.fill(ctx, env, o.seed, o.stream); err != nil {
			return err
		}
		fallthrough
	default:
		err = s.CopyIn(ctx, to, data)
	}
	if err == nil && o.again {
		err = s.Copy(h.device, h.first, h.Bytes)
	}
	return err
}

type uploadOptions struct {
	again  bool
	seed   int64
	stream uint64 // of the random numbers
}

// write saves an output.
func (h *held) write(dir string, data []byte) (err error) {
	file, err := os.OpenFile(filepath.Join(dir, h.Output), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("save %s: %w", h.Output, err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if filepath.Ext(h.Output) != ".png" {
		_, err = file.Write(data)
		return err
	}
	return png.Encode(file, picture(data, h.Width))
}

// picture is RGBA where four bytes for each pixel give whole rows, else grey.
func picture(data []byte, width int) image.Image {
	if len(data)%(4*width) == 0 {
		return &image.NRGBA{Pix: data, Stride: 4 * width, Rect: image.Rect(0, 0, width, len(data)/(4*width))}
	}
	return &image.Gray{Pix: data, Stride: width, Rect: image.Rect(0, 0, width, len(data)/width)}
}
