// Command sample trains the net that package infer brings along: small enough
// to embed, and right on 98 of 100 digits.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"turno"
	"turno/internal/workload"
	"turno/internal/workload/model"
	"turno/internal/workload/train"
)

// params give 9 thousand weights.
const params = `{"model": "conv", "channels": [8, 16], "hidden": [], "samples": 60000, "epochs": 8, "lr": 0.002, "seed": 7}`

func main() {
	out := flag.String("o", "sample.safetensors", "file to write")
	flag.Parse()
	if err := generate(*out); err != nil {
		fmt.Fprintln(os.Stderr, "sample:", err)
		os.Exit(1)
	}
}

func generate(path string) error {
	dir, err := os.MkdirTemp("", "turno-sample-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	env := &workload.Env{Device: turno.DeviceCPU, Threads: 2, Dir: dir, Log: os.Stderr, Progress: func(turno.Progress) {}}
	if _, err := train.New().Run(context.Background(), env, json.RawMessage(params)); err != nil {
		return err
	}
	m, err := model.Load(filepath.Join(dir, model.FileName))
	if err != nil {
		return err
	}
	m.First, m.Second, m.Training = nil, nil, nil // it is not trained further
	_, err = m.Save(path)
	return err
}
