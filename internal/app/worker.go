package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"turno"
	"turno/internal/config"
	"turno/internal/gpu"
	"turno/internal/gpu/cuda"
	"turno/internal/gpu/cuda/driver"
	"turno/internal/gpu/fake"
	"turno/internal/role/worker"
	"turno/internal/role/worker/child"
	"turno/internal/runner"
	"turno/internal/workload/all"
)

// inventory finds this machine's GPUs.
func inventory(cfg config.Config) gpu.Inventory {
	if cfg.FakeGPUs > 0 {
		inv := fake.New(cfg.Worker, cfg.FakeGPUs)
		inv.Trouble = cfg.FakeFault
		return inv
	}
	binary, err := os.Executable()
	if err != nil {
		return gpu.None{Reason: fmt.Sprintf("GPUs are looked for by a child, and this program's path is not known: %v", err)}
	}
	return cuda.NewInventory([]string{binary, "runner", lookForGPUs}, []string{binary, "runner", watchGPUs})
}

// Classes of the children that list devices once, and that go on doing so.
const (
	lookForGPUs = "gpus"
	watchGPUs   = "gpus-watch"
)

// offers is what the workloads of this build let a worker run.
func offers() []worker.Offer {
	var list []worker.Offer
	for _, w := range all.List() {
		class, _ := runner.ClassOf(w)
		list = append(list, worker.Offer{Type: w.Name, Devices: w.Devices, Class: string(class)})
	}
	return list
}

// engines are the user's own runners.
func engines(cfg config.Config) ([]worker.Engine, error) {
	set, err := cfg.ParseRunners()
	if err != nil {
		return nil, fmt.Errorf("runners: %w", err)
	}
	list := make([]worker.Engine, len(set))
	for i, r := range set {
		list[i] = worker.Engine{Name: r.Engine, Command: r.Command, Mode: r.Mode, Jobs: r.Jobs, Growth: r.Growth}
	}
	return list, nil
}

// workerFolder is the worker's own, in the data folder.
const workerFolder = "worker"

func workerPart(cfg config.Config, p *shared, log *slog.Logger, info *config.Info) (part, error) {
	if cfg.Isolation == "cgroup" && !strings.HasPrefix(child.Probe().String(), "cgroup") {
		return part{}, fmt.Errorf("isolation cgroup is asked for, and this machine gives only: %s", child.Probe())
	}
	engines, err := engines(cfg)
	if err != nil {
		return part{}, err
	}
	here, err := os.Getwd()
	if err != nil {
		return part{}, fmt.Errorf("find the working folder: %w", err)
	}
	who, err := runAs(cfg)
	if err != nil {
		return part{}, err
	}
	if who.How != worker.RunSelf {
		if err := letThrough(cfg); err != nil {
			return part{}, err
		}
	}
	gpus := inventory(cfg)
	cache, err := openFolder(filepath.Join(cfg.Data, workerFolder, "cache"))
	if err != nil {
		return part{}, err
	}
	p.closers = append(p.closers, cache.Close)
	role := worker.New(worker.Options{
		Files: p.files, Cache: cache, CacheBytes: cfg.Cache, OutputBytes: cfg.OutputBytes, OutputFiles: cfg.OutputFiles, LogBytes: cfg.LogBytes,
		Name: cfg.Worker, Broker: p.broker, Data: filepath.Join(cfg.Data, workerFolder), RunAs: who, GPUs: gpus, Offers: offers(),
		CPUs: cfg.CPUs, Memory: cfg.Memory, Heartbeat: cfg.Heartbeat, EndJobs: cfg.EndJobs || !child.Probe().Outlive(), Drain: cfg.Drain,
		WatchGPUs: cfg.Heartbeat, ScratchBytes: cfg.Scratch,
		Version: version(), Log: log, Engines: engines, Dir: here, CheckSchema: all.CheckSchema, Traces: sampler(cfg),
	})
	devices, err := gpus.Devices(context.Background())
	if err != nil {
		return part{}, fmt.Errorf("look for GPUs: %w", err)
	}
	info.Worker, info.GPUs, info.WhyNoGPU, info.Left = cfg.Worker, devices, "", role.Left
	if len(devices) == 0 {
		info.WhyNoGPU = gpus.Why()
	}
	return part{name: Worker, run: role.Run}, nil
}

func version() string {
	if config.Version != "" {
		return config.Version
	}
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" {
		return b.Main.Version
	}
	return "devel"
}

// Runner serves the runner protocol on standard input and output: the hidden
// command that a worker starts.
func Runner(ctx context.Context, class string) error {
	switch class {
	case lookForGPUs:
		return cuda.Watch(ctx, driver.Open{}.NVML, os.Stdout, 0)
	case watchGPUs:
		ctx, gone := context.WithCancel(ctx)
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin) // until the worker is gone
			gone()
		}()
		return cuda.Watch(ctx, driver.Open{}.NVML, os.Stdout, time.Second)
	}
	o, err := runner.OptionsOf(runner.Class(class), all.List())
	if err != nil {
		return err
	}
	o.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	o.CUDA = cuda.New(cuda.System())
	return runner.Serve(ctx, os.Stdin, os.Stdout, o)
}

// Machine describes this machine as its worker would, and says why there is no
// GPU if there is none.
func Machine(ctx context.Context, cfg config.Config) (turno.Machine, string, error) {
	gpus := inventory(cfg)
	who, err := runAs(cfg)
	if err != nil {
		return turno.Machine{}, gpus.Why(), err
	}
	m, err := worker.New(worker.Options{
		RunAs: who, Name: cfg.Worker, GPUs: gpus, Offers: offers(), CPUs: cfg.CPUs, Memory: cfg.Memory, Version: version(),
	}).Machine(ctx)
	if len(m.GPUs) == 0 {
		return m, gpus.Why(), err
	}
	return m, "", err
}

// Probe connects to a configured part and says what it found.
func Probe(ctx context.Context, cfg config.Config, what string) (string, error) {
	log := slog.New(slog.DiscardHandler)
	p := &shared{}
	var err error
	switch what {
	case "broker":
		err = p.openBroker(ctx, cfg, log)
	case "store":
		err = p.openStore(ctx, cfg, log)
	default:
		return "", fmt.Errorf("%q is no part to probe", what)
	}
	if err != nil {
		return "", err
	}
	found := config.Redact(map[string]string{"broker": cfg.Broker, "store": cfg.Store}[what])
	return "connected to " + found, errors.Join(err, p.close())
}

// Types are the workloads of this build.
func Types() []turno.Type {
	var list []turno.Type
	for _, w := range all.List() {
		list = append(list, turno.Type{Name: w.Name, Summary: w.Summary, Devices: w.Devices, Schema: w.Schema, Example: w.Example})
	}
	return list
}
