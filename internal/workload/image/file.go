package image

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"os"

	"turno"
	"turno/internal/workload"
)

// setup is a failure of what a job was given, which a retry will not mend.
func setup(format string, args ...any) *workload.Failure {
	return &workload.Failure{Reason: turno.ReasonSetupFailed, Message: fmt.Sprintf(format, args...)}
}

// read decodes the sample or a file.
func read(ctx context.Context, path string, threads int) (*picture, error) {
	if path == sampleName {
		return decode(ctx, bytes.NewReader(sample), "the sample", threads)
	}
	// Asked before it is opened: opening a pipe would wait for its writer.
	info, err := os.Stat(path)
	if err != nil {
		return nil, setup("input: %v", err)
	}
	if !info.Mode().IsRegular() {
		return nil, setup("input: %s is not a regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, setup("input: %v", err)
	}
	defer file.Close()
	return decode(ctx, file, path, threads)
}

// decode asks for the size first: a few kilobytes may unfold to more pixels
// than there is memory.
func decode(ctx context.Context, from io.ReadSeeker, name string, threads int) (*picture, error) {
	config, kind, err := image.DecodeConfig(from)
	if err != nil {
		return nil, setup("input: %s is neither a PNG nor a JPEG that can be read: %v", name, err)
	}
	if config.Width < 1 || config.Height < 1 || config.Width > maxPixels/config.Height {
		return nil, setup("input: %s has %d by %d pixels; at most %d in all are taken", name, config.Width, config.Height, maxPixels)
	}
	if _, err := from.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	m, _, err := image.Decode(&stoppable{ctx: ctx, reader: from})
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, setup("input: %s is a broken %s: %v", name, kind, err)
	}
	return fromImage(ctx, m, threads)
}

// write encodes into the job's folder, and nowhere else: a link that leads out
// of it is refused.
func write(ctx context.Context, dir string, p Params, m image.Image) (int64, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 0, setup("output: open the job's folder: %v", err)
	}
	defer root.Close()
	file, err := root.OpenFile(p.Output, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return 0, setup("output: %v", err)
	}
	to := &stoppable{ctx: ctx, writer: file}
	if format(p.Output) == "png" {
		encoder := png.Encoder{CompressionLevel: png.BestSpeed}
		err = encoder.Encode(to, m)
	} else {
		err = jpeg.Encode(to, m, &jpeg.Options{Quality: p.Quality})
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	if err != nil {
		return 0, fmt.Errorf("write %s: %w", p.Output, err)
	}
	return to.bytes, nil
}

// stoppable ends a decoder or an encoder, which know no context.
type stoppable struct {
	ctx    context.Context //nolint:containedctx // the reader's and writer's own life
	reader io.Reader
	writer io.Writer
	bytes  int64
}

func (s *stoppable) Read(p []byte) (int, error) {
	if s.ctx.Err() != nil {
		return 0, context.Cause(s.ctx)
	}
	return s.reader.Read(p)
}

func (s *stoppable) Write(p []byte) (int, error) {
	if s.ctx.Err() != nil {
		return 0, context.Cause(s.ctx)
	}
	n, err := s.writer.Write(p)
	s.bytes += int64(n)
	return n, err
}
