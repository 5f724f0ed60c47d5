package kernel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"

	"turno"
	"turno/internal/gpu/cuda"
	"turno/internal/gpu/cuda/driver"
	"turno/internal/workload"
)

// Output is the outcome, and what was launched.
type Output struct {
	workload.Outcome
	Kernel   string            `json:"kernel"`
	Code     string            `json:"code"` // cubin sm_90, ptx compute_90, or the file's kind
	Function cuda.FunctionInfo `json:"function"`
	Best     float64           `json:"seconds_best"` // of the launches
	Median   float64           `json:"seconds_median"`
	Times    int               `json:"repeat"`
	Files    []string          `json:"files,omitempty"` // in the job's output folder
}

func setup(format string, args ...any) *workload.Failure {
	return &workload.Failure{Reason: turno.ReasonSetupFailed, Message: fmt.Sprintf(format, args...)}
}

// job is one run.
type job struct {
	Params
	env     *workload.Env
	s       *cuda.Session
	clock   *workload.Clock
	f       *cuda.Function
	buffers []*held
	packed  []byte
	out     Output
}

func run(ctx context.Context, env *workload.Env, params json.RawMessage) (any, error) {
	p, bad := parse(params)
	if bad != nil {
		return nil, workload.BadParams(bad)
	}
	j := &job{Params: p, env: env, clock: workload.NewClock()}
	err := env.OnGPU(func(s *cuda.Session) error {
		j.s = s
		return j.all(ctx)
	})
	if err != nil {
		return nil, err
	}
	return &j.out, nil
}

func (j *job) all(ctx context.Context) error {
	m, err := j.load(ctx)
	if err != nil {
		return err
	}
	// A fault unloads nothing: the process ends.
	defer func() { _ = j.s.Unload(m) }()
	if err := j.prepare(ctx); err != nil {
		return err
	}
	seconds, err := j.launches(ctx)
	if err != nil {
		return fmt.Errorf("kernel %s: %w", j.Kernel, err)
	}
	results, err := j.download(ctx)
	if err != nil {
		return err
	}
	return j.finish(ctx, seconds, results)
}

// load compiles the source, if it is one, and finds the kernel.
func (j *job) load(ctx context.Context) (*cuda.Module, error) {
	image, name := []byte(j.Source), "source.cu"
	j.out.Code = filepath.Ext(j.File)
	if j.File != "" {
		path, err := locate(j.env, j.File)
		if err != nil {
			return nil, err
		}
		if image, err = os.ReadFile(path); err != nil {
			return nil, setup("%v", err)
		}
		name = filepath.Base(path)
	}
	if filepath.Ext(name) == ".cu" {
		j.env.Progress(turno.Progress{Fraction: -1, Message: "compile " + name})
		code, err := j.s.Compile(name, string(image), j.Options)
		if broken, ok := errors.AsType[*cuda.CompileError](err); ok {
			fmt.Fprintln(j.env.Log, broken.Log)
			return nil, setup("%v", broken)
		}
		if absent, ok := errors.AsType[*driver.Absent](err); ok {
			return nil, setup("%s; install CUDA's toolkit or PyTorch, name a folder with TURNO_CUDA_LIBS, or submit PTX", absent.Reason)
		}
		if err != nil {
			return nil, setup("%v", err)
		}
		if code.Log != "" {
			fmt.Fprintln(j.env.Log, code.Log)
		}
		image, j.out.Code = code.Image, code.Kind
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	m, err := j.s.LoadModule(image)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", name, err)
	}
	if j.f, err = j.s.Function(m, j.Kernel); errors.Is(err, &driver.Error{Result: driver.NotFound}) {
		return nil, errors.Join(setup("%s has no kernel called %s; declare it extern \"C\" __global__, or use its mangled name", name, j.Kernel), j.s.Unload(m))
	}
	if err == nil && j.Shared > 48<<10 {
		err = j.s.AllowShared(j.f, j.Shared)
	}
	if err == nil {
		j.out.Function, err = j.s.Describe(j.f)
	}
	return m, err
}

// prepare makes the arguments.
func (j *job) prepare(ctx context.Context) error {
	values := make([]any, len(j.Arguments))
	j.clock.End("setup")
	for i := range j.Arguments {
		a := &j.Arguments[i]
		if a.Type != buffer {
			values[i], _ = a.number() // was checked
			continue
		}
		h := &held{Argument: a}
		if err := h.upload(ctx, j.env, j.s, uploadOptions{again: j.Repeat > 1 || j.Check, seed: j.Seed, stream: uint64(i)}); err != nil {
			return err
		}
		j.buffers, values[i] = append(j.buffers, h), h.device
	}
	var err error
	if j.packed, err = cuda.Pack(values...); err != nil {
		return err
	}
	err = j.s.Synchronize()
	j.clock.End("h2d")
	return err
}

// reset gives every buffer what it held first.
func (j *job) reset() error {
	for _, h := range j.buffers {
		if h.first == 0 {
			continue
		}
		if err := j.s.Copy(h.device, h.first, h.Bytes); err != nil {
			return err
		}
	}
	return nil
}

func dim(sizes []int) cuda.Dim {
	full := append(slices.Clone(sizes), 1, 1)
	return cuda.Dim{X: full[0], Y: full[1], Z: full[2]}
}

func (j *job) launches(ctx context.Context) ([]float64, error) {
	var marks [2]cuda.Mark
	for i := range marks {
		var err error
		if marks[i], err = j.s.Mark(); err != nil {
			return nil, err
		}
	}
	seconds := make([]float64, j.Repeat)
	for i := range seconds {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		err := j.reset()
		if err == nil {
			err = errors.Join(j.s.Again(marks[0]), j.s.LaunchPacked(j.f, dim(j.Grid), dim(j.Block), j.Shared, j.packed), j.s.Again(marks[1]))
		}
		if err == nil {
			seconds[i], err = j.s.Seconds(marks[0], marks[1])
		}
		if err == nil {
			err = j.s.Synchronize()
		}
		if err != nil {
			return nil, err
		}
		j.clock.Took("kernel", seconds[i])
		j.env.Progress(turno.Progress{Fraction: float64(i+1) / float64(j.Repeat+1), Message: "launch"})
	}
	return seconds, nil
}

// download fetches every output.
func (j *job) download(ctx context.Context) ([][]byte, error) {
	var results [][]byte
	for _, h := range j.buffers {
		if h.Output == "" {
			continue
		}
		data := make([]byte, h.Bytes)
		if err := j.s.CopyOut(ctx, data, h.device); err != nil {
			return nil, err
		}
		results = append(results, data)
	}
	j.clock.End("d2h")
	return results, nil
}

// verify launches once more and counts the bytes that differ.
func (j *job) verify(ctx context.Context, results [][]byte) (workload.Verification, error) {
	if !j.Check {
		return workload.Verification{Method: "none: turno does not know what the kernel should compute"}, nil
	}
	v := workload.Verification{Method: "a second launch from the same buffers, part of bytes that differ"}
	err := j.reset()
	if err == nil {
		err = j.s.LaunchPacked(j.f, dim(j.Grid), dim(j.Block), j.Shared, j.packed)
	}
	if err != nil {
		return v, err
	}
	again, err := j.download(ctx)
	if err != nil {
		return v, err
	}
	differ, all := 0, 0
	for i := range results {
		for k := range results[i] {
			if results[i][k] != again[i][k] {
				differ++
			}
		}
		all += len(results[i])
	}
	v.Error = float64(differ) / float64(max(all, 1))
	v.Verified = differ == 0
	if !v.Verified {
		return v, workload.Wrong(v)
	}
	return v, nil
}

func (j *job) finish(ctx context.Context, seconds []float64, results [][]byte) error {
	if len(results) > 0 {
		j.env.Spoil(results[0])
	}
	v, err := j.verify(ctx, results)
	if err != nil {
		return err
	}
	j.clock.End("verify")
	sum := fnv.New64a()
	at := 0
	for _, h := range j.buffers {
		if h.Output == "" {
			continue
		}
		sum.Write(results[at])
		if j.env.Dir != "" {
			if err := h.write(j.env.Dir, results[at]); err != nil {
				return err
			}
			j.out.Files = append(j.out.Files, h.Output)
		}
		at++
	}
	j.clock.End("save")
	slices.Sort(seconds)
	n := len(seconds)
	j.out.Outcome = workload.Outcome{Engine: workload.CUDAEngine(j.s, j.out.Code), Phases: j.clock.Phases(), Verification: v, Checksum: fmt.Sprintf("%016x", sum.Sum64())}
	j.out.OfPeak(j.s, 0)
	j.out.Kernel, j.out.Times, j.out.Best, j.out.Median = j.Kernel, n, seconds[0], (seconds[(n-1)/2]+seconds[n/2])/2
	fmt.Fprintf(j.env.Log, "kernel %s on %s: best %.3g ms, median %.3g of %d; %d registers, %d bytes of shared and %d of local memory; %s\n",
		j.Kernel, j.s.Name, 1e3*j.out.Best, 1e3*j.out.Median, n, j.out.Function.Registers, j.out.Function.Shared, j.out.Function.Local, v.Method)
	return nil
}
