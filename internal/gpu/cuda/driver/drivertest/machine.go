package drivertest

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"turno/internal/gpu/cuda/driver"
	"turno/internal/testenv"
)

// Requests of the shim: see its main.cpp.
const (
	opAlloc = iota
	opFree
	opWrite
	opRead
	opSet8
	opSet32
	opCopy
	opLaunch
	opLoad
)

type words [8]uint64

// machine is the process that is the GPU. One goroutine at a time uses it.
type machine struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     io.Reader
	gone    driver.Result // once it has ended
}

// start is the machine, begun at the first use. Under mu.
func (f *Fake) start() *machine {
	if f.machine == nil {
		f.machine = newMachine(f.t)
	}
	return f.machine
}

func newMachine(t testing.TB) *machine {
	m := &machine{command: exec.Command(Shim(t))}
	m.command.Stderr = os.Stderr
	var err error
	if m.in, err = m.command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if m.out, err = m.command.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := m.command.Start(); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *machine) stop() {
	m.in.Close()
	_ = m.command.Wait() // how it ended does not matter any more
}

// call sends a request and reads its answer.
func (m *machine) call(op uint64, w words, payload, into []byte) driver.Result {
	if m.gone != driver.Success {
		return m.gone
	}
	head := binary.LittleEndian.AppendUint64(nil, op)
	for _, x := range w {
		head = binary.LittleEndian.AppendUint64(head, x)
	}
	var answer [16]byte
	_, err := m.in.Write(append(head, payload...))
	if err == nil {
		_, err = io.ReadFull(m.out, answer[:])
	}
	size := binary.LittleEndian.Uint64(answer[8:])
	if err == nil && size > 0 {
		_, err = io.ReadFull(m.out, into[:size])
	}
	if err != nil {
		m.gone = driver.Unknown
		return m.gone
	}
	r := driver.Result(binary.LittleEndian.Uint64(answer[:]))
	if r == driver.IllegalAddress {
		m.gone = r
	}
	return r
}

func (m *machine) ask(op uint64, w words) driver.Result { return m.call(op, w, nil, nil) }

func (m *machine) alloc(p *driver.Ptr, n uint64) driver.Result {
	var address [8]byte
	r := m.call(opAlloc, words{n}, nil, address[:])
	*p = driver.Ptr(binary.LittleEndian.Uint64(address[:]))
	return r
}

func (m *machine) free(p driver.Ptr) driver.Result { return m.ask(opFree, words{uint64(p)}) }

func (m *machine) write(to driver.Ptr, from []byte) driver.Result {
	return m.call(opWrite, words{uint64(to), uint64(len(from))}, from, nil)
}

func (m *machine) read(to []byte, from driver.Ptr) driver.Result {
	return m.call(opRead, words{uint64(from), uint64(len(to))}, nil, to)
}

func (m *machine) launch(name string, l driver.Launch, arguments []byte) driver.Result {
	w := words{uint64(len(name)) | uint64(len(arguments))<<32}
	for i := range 3 {
		w[1+i], w[4+i] = uint64(l.Grid[i]), uint64(l.Block[i])
	}
	w[7] = uint64(l.Shared)
	return m.call(opLaunch, w, append([]byte(name), arguments...), nil)
}

var shim struct {
	mu   sync.Mutex
	path string
	err  error
}

// Shim compiles the kernels for the CPU, once for each of their versions, and
// is the program's path.
func Shim(t testing.TB) string {
	testenv.Need(t, testenv.ClangNeed)
	shim.mu.Lock()
	defer shim.mu.Unlock()
	if shim.path == "" && shim.err == nil {
		shim.path, shim.err = build()
	}
	if shim.err != nil {
		t.Fatal(shim.err)
	}
	return shim.path
}

// Sources is the folder of the kernels.
func Sources() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			return filepath.Join(dir, "internal", "gpu", "cuda", "kernel"), nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("find the kernels: no go.mod above")
		}
		dir = filepath.Dir(dir)
	}
	return "", err
}

func build() (string, error) {
	dir, err := Sources()
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	for _, pattern := range []string{"*.cu", "*.h", "shim/*"} {
		files, _ := filepath.Glob(filepath.Join(dir, pattern))
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return "", err
			}
			hash.Write(text)
		}
	}
	path := filepath.Join(os.TempDir(), "turno-shim-"+hex.EncodeToString(hash.Sum(nil)[:8]))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	fresh, err := os.MkdirTemp(os.TempDir(), "turno-shim-build-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(fresh)
	made := filepath.Join(fresh, "shim")
	text, err := exec.Command("clang-16", "-x", "c++", "-std=c++20", "-O2", "-ffp-contract=off", "-Wall", "-Wno-unused-function", "-U_FORTIFY_SOURCE",
		"-nostdlib++", "-rdynamic", "-o", made, filepath.Join(dir, "shim", "main.cpp"), "-lm").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("compile the shim: %w\n%s", err, text)
	}
	return path, os.Rename(made, path) // another test may have been quicker: the same
}
