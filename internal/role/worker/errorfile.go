package worker

import (
	"io"
	"os"
	"strings"
	"syscall"
	"unicode"

	"turno"
)

// errorFile, in an attempt's folder, is where a command may write why it
// failed, for people: its first maxError bytes become part of the result's
// message, which listings show.
const (
	errorFile = "tmp/.turno-error"
	maxError  = 1000
)

// addError adds what a command that failed has said of it. Nothing of the
// command is left that could change the file meanwhile.
func addError(r *turno.Result, dir string) {
	if r.State != turno.Failed {
		return
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return
	}
	defer root.Close()
	info, err := root.Lstat(errorFile)
	if err != nil || !info.Mode().IsRegular() {
		return
	}
	f, err := root.OpenFile(errorFile, os.O_RDONLY|syscall.O_NONBLOCK, 0) // it may be a pipe by now
	if err != nil {
		return
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxError))
	if err != nil {
		return
	}
	text := strings.Join(strings.FieldsFunc(strings.ToValidUTF8(string(data), ""), func(c rune) bool {
		return c != ' ' && !unicode.IsPrint(c)
	}), " ")
	if text = strings.TrimSpace(text); text == "" {
		return
	}
	if r.Message != "" {
		r.Message += ": "
	}
	r.Message += text
}
