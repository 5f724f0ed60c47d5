package infer

import (
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"turno/internal/workload/nn"
)

// fileName of the predictions in the output folder.
const fileName = "predictions.csv"

// shown is how many predictions the result itself holds.
const shown = 10

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// write puts a line per sample into the file, if there is a folder for it, and
// the first few and the accuracy into the output.
func (j *job) write(out *Output) error {
	w := csv.NewWriter(discard{})
	var file *os.File
	if j.env.Dir != "" {
		var err error
		if file, err = os.OpenFile(filepath.Join(j.env.Dir, fileName), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600); err != nil {
			return fmt.Errorf("save the predictions: %w", err)
		}
		defer file.Close() // a second time after the one below
		w = csv.NewWriter(file)
		out.File = fileName
	}
	err := j.predictions(w, out)
	w.Flush()
	if err = errors.Join(err, w.Error()); err == nil && file != nil {
		err = file.Close()
	}
	if err != nil {
		return fmt.Errorf("save the predictions: %w", err)
	}
	return nil
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func (j *job) predictions(w *csv.Writer, out *Output) error {
	if err := w.Write([]string{"sample", "file", "label", "predicted", "confidence"}); err != nil {
		return err
	}
	classes, right := j.model.Config.Classes, 0
	out.First = []Guess{}
	for i := range j.data.Len() {
		logits := j.logits[i*classes:][:classes]
		most := nn.Largest(logits)
		g := Guess{Sample: i, Predicted: j.name(most), Confidence: math.Exp(-nn.Loss(logits, most))}
		if j.data.Files != nil {
			g.File = j.data.Files[i]
		}
		if j.data.Labels != nil {
			g.Label = j.name(int(j.data.Labels[i]))
			if most == int(j.data.Labels[i]) {
				right++
			}
		}
		if i < shown {
			out.First = append(out.First, g)
		}
		line := []string{strconv.Itoa(i), g.File, g.Label, g.Predicted, strconv.FormatFloat(g.Confidence, 'f', 6, 64)}
		if err := w.Write(line); err != nil {
			return err
		}
	}
	if j.data.Labels != nil {
		out.Accuracy = new(float64(right) / float64(j.data.Len()))
	}
	return nil
}

// name of a class.
func (j *job) name(class int) string {
	if class < len(j.model.Names) {
		return j.model.Names[class]
	}
	return strconv.Itoa(class)
}
