package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"turno/internal/workload/model"
	"turno/internal/workload/nn"
)

// progress is what a checkpoint says of the training beside the weights.
type progress struct {
	Params    Params  `json:"params"`
	Optimiser string  `json:"optimiser"`
	Steps     int     `json:"steps"`
	History   []Epoch `json:"history"`
}

// earlier is the checkpoint to go on from: that of an earlier attempt of this
// job, or the one that resume names. Nil: none.
func (j *job) earlier() (*model.Model, error) {
	if j.env.CkptDir != "" {
		m, err := model.Load(filepath.Join(j.env.CkptDir, model.FileName))
		if err == nil {
			fmt.Fprintf(j.env.Log, "an earlier attempt left a checkpoint\n")
			return m, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			fmt.Fprintf(j.env.Log, "the checkpoint of an earlier attempt cannot be used: %v\n", err)
		}
	}
	if j.Resume == "" {
		return nil, nil
	}
	path, err := model.Find(j.env, j.Resume)
	if err != nil {
		return nil, setup("resume: %v", err)
	}
	m, err := model.Load(path)
	if err != nil {
		return nil, setup("resume: %v", err)
	}
	return m, nil
}

// restore takes up a checkpoint.
func (j *job) restore(from *model.Model) error {
	if !sameShape(from.Config, j.model.Config) {
		return setup("the checkpoint is of another net (%s for inputs of %d by %d) than this one (%s for %d by %d)",
			from.Summary(), from.Config.Height, from.Config.Width, model.Summary(j.model.Config), j.model.Config.Height, j.model.Config.Width)
	}
	copy(j.net.Weights, from.Weights)
	j.model.Mean, j.model.Scale, j.model.Names = from.Mean, from.Scale, from.Names
	var at progress
	if from.Training != nil {
		if err := json.Unmarshal(from.Training, &at); err != nil {
			return setup("what the checkpoint says of its training: %v", err)
		}
	}
	j.history, j.resumed = at.History, len(at.History)
	if len(j.history) >= j.Epochs {
		fmt.Fprintf(j.env.Log, "the checkpoint is of epoch %d already; epochs is %d\n", len(j.history), j.Epochs)
	}
	if at.Optimiser != j.Optimiser || from.First == nil || (from.Second == nil) != (j.Optimiser != nn.Adam) {
		fmt.Fprintf(j.env.Log, "go on after epoch %d with weights alone: the checkpoint has no state of %s\n", len(j.history), j.Optimiser)
		return nil
	}
	copy(j.optim.First, from.First)
	copy(j.optim.Second, from.Second)
	j.optim.Steps = at.Steps
	fmt.Fprintf(j.env.Log, "go on after epoch %d, step %d\n", len(j.history), at.Steps)
	return nil
}

func sameShape(a, b nn.Config) bool {
	return a.Height == b.Height && a.Width == b.Width && a.Classes == b.Classes && slices.Equal(a.Channels, b.Channels) && slices.Equal(a.Hidden, b.Hidden)
}

// collect brings the net's and the optimiser's numbers into the model. They
// are not copied: it is written before the next step.
func (j *job) collect(ctx context.Context) error {
	if err := j.trainer.collect(ctx); err != nil {
		return err
	}
	n := j.model.Config.Weights()
	j.model.Weights, j.model.First, j.model.Second = j.net.Weights[:n], j.optim.First[:n], nil
	if j.optim.Second != nil {
		j.model.Second = j.optim.Second[:n]
	}
	text, err := json.Marshal(progress{Params: j.Params, Optimiser: j.Optimiser, Steps: j.optim.Steps, History: j.history})
	if err != nil {
		panic(fmt.Sprintf("train: %v", err)) // all numbers in it are finite
	}
	j.model.Training = text
	return nil
}

// checkpoint saves what a further attempt goes on from. The last one is the
// model itself.
func (j *job) checkpoint(ctx context.Context, last bool) error {
	if j.env.CkptDir == "" || last || j.Every == 0 || len(j.history)%j.Every != 0 {
		return nil
	}
	if err := j.collect(ctx); err != nil {
		return err
	}
	if _, err := j.model.Save(filepath.Join(j.env.CkptDir, model.FileName)); err != nil {
		return fmt.Errorf("save the checkpoint: %w", err)
	}
	j.clock.End("checkpoint")
	return nil
}
