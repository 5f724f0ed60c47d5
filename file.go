package turno

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"
)

// Limits of what a job takes with it and leaves. A working folder of more
// files than this is a data set: it belongs into an archive.
const (
	MaxInputs      = 256     // named one by one in a spec: it travels with every message
	MaxFiles       = 200_000 // in a manifest
	MaxManifest    = 64 << 20
	MaxListed      = 16 // artefacts that a Result lists by itself
	maxPath        = 4096
	maxPathSegment = 255
)

// File is a file by its content: of a job's inputs, or of what a job left.
type File struct {
	// Path is relative, with slashes: no "..", no empty part.
	Path string `json:"path"`
	// Hash is the SHA-256 of the content in lower-case hex.
	Hash string `json:"hash,omitempty"`
	Size int64  `json:"size_bytes"`
	Mode uint32 `json:"mode,omitempty"` // permission bits; 0 is 0644
	// From names, in an input, the content by another job instead of by its
	// hash: job:ID/PATH, a file that job ID left. The job waits for that one.
	From string `json:"from,omitempty"`
}

// Tree is a folder of files by the hash of its Manifest, which is a blob too.
type Tree struct {
	Manifest string `json:"manifest"`
	Files    int    `json:"files"`
	Bytes    int64  `json:"size_bytes"`
}

// Artifacts are the files that an attempt left in its output folder.
type Artifacts struct {
	Tree
	// List is all of them while there are at most MaxListed.
	List []File `json:"list,omitempty"`
	// Problem says what was not kept, and why; empty: all is there.
	Problem string `json:"problem,omitempty"`
}

// Manifest lists the files of a Tree, sorted by path.
type Manifest struct {
	Version int    `json:"version"` // 1
	Files   []File `json:"files"`
}

// Blob is what a file store has of one content.
type Blob struct {
	Hash   string `json:"hash"`
	Stored int64  `json:"stored_bytes"` // from its beginning
	Whole  bool   `json:"whole"`        // all of it, and it is what its hash says
}

// ValidHash tells whether text is a SHA-256 in lower-case hex.
func ValidHash(text string) bool {
	if len(text) != 64 {
		return false
	}
	for i := range len(text) {
		if c := text[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// CheckPath accepts the path of a file below some folder, on any system: it is
// data from a stranger, and becomes a name on a disk.
func CheckPath(field, path string) *Error {
	switch {
	case path == "":
		return Invalid(field, "must be given")
	case len(path) > maxPath:
		return Invalid(field, "has %d bytes; at most %d are allowed", len(path), maxPath)
	case !utf8.ValidString(path):
		return Invalid(field, "is not valid UTF-8")
	case strings.ContainsRune(path, '\\'):
		return Invalid(field, "%q: use / between folders", clip(path))
	case len(path) > 1 && path[1] == ':':
		return Invalid(field, "%q: use a relative path, without a drive", clip(path))
	}
	for part := range strings.SplitSeq(path, "/") {
		switch {
		case part == "" || part == "." || part == "..":
			return Invalid(field, "%q: use a relative path without empty parts, . and ..", clip(path))
		case len(part) > maxPathSegment:
			return Invalid(field, "%q: a name in it has more than %d bytes", clip(path), maxPathSegment)
		}
	}
	for _, r := range path {
		if r < ' ' || r == 0x7f {
			return Invalid(field, "holds the character U+%04X", r)
		}
	}
	return nil
}

func (f *File) check(field string) *Error {
	if err := CheckPath(field+".path", f.Path); err != nil {
		return err
	}
	switch {
	case f.Hash == "" && f.From == "":
		return Invalid(field+".hash", "%s: must be given, or from", clip(f.Path))
	case f.Hash != "" && f.From != "":
		return Invalid(field+".from", "%s: has a hash too; give one of the two", clip(f.Path))
	case f.Hash != "" && !ValidHash(f.Hash):
		return Invalid(field+".hash", "%q is not a SHA-256 in lower-case hex", clip(f.Hash))
	case f.Size < 0:
		return Invalid(field+".size_bytes", "%d: use 0 or more", f.Size)
	case f.Mode > 0o777:
		return Invalid(field+".mode", "%o: use permission bits only, 0 to 0777", f.Mode)
	}
	if f.From != "" {
		if _, _, err := ParseFrom(f.From); err != nil {
			return Invalid(field+".from", "%v", err)
		}
	}
	return nil
}

// ParseFrom takes job:ID/PATH apart.
func ParseFrom(text string) (job, path string, err error) {
	rest, ok := strings.CutPrefix(text, "job:")
	job, path, slash := strings.Cut(rest, "/")
	if !ok || !slash {
		return "", "", fmt.Errorf("%q: use job:ID/PATH", clip(text))
	}
	if ref, err := ParseRef(job); err != nil || ref.ID == "" {
		return "", "", fmt.Errorf("%q: name the job by its id, a UUID (turno show tells it)", clip(text))
	}
	if bad := CheckPath("from", path); bad != nil {
		return "", "", fmt.Errorf("%q: %s", clip(text), bad.Message)
	}
	return job, path, nil
}

// checkFiles looks at what a job takes with it.
func (s *Spec) checkFiles() *Error {
	if len(s.Inputs) == 0 && s.Workdir == nil {
		return nil
	}
	if s.Dir != "" {
		return Invalid("dir", "%q: a job with inputs or a workdir runs in a folder of its own", clip(s.Dir)).
			WithHint("leave dir out")
	}
	if len(s.Inputs) > MaxInputs {
		return Invalid("inputs", "%d files; at most %d are allowed", len(s.Inputs), MaxInputs).
			WithHint("put them into one folder and give that: --workdir")
	}
	seen := map[string]bool{}
	for i := range s.Inputs {
		if err := s.Inputs[i].check("inputs"); err != nil {
			return err
		}
		if seen[s.Inputs[i].Path] {
			return Invalid("inputs", "%q is there twice", clip(s.Inputs[i].Path))
		}
		seen[s.Inputs[i].Path] = true
	}
	if w := s.Workdir; w != nil {
		switch {
		case !ValidHash(w.Manifest):
			return Invalid("workdir.manifest", "%q is not a SHA-256 in lower-case hex", clip(w.Manifest))
		case w.Files < 0 || w.Files > MaxFiles:
			return Invalid("workdir.files", "%d: use 0 to %d", w.Files, MaxFiles)
		case w.Bytes < 0:
			return Invalid("workdir.size_bytes", "%d: use 0 or more", w.Bytes)
		}
	}
	return nil
}

// waitForSources makes a job wait for those whose files it takes.
func (s *Spec) waitForSources() {
	for i := range s.Inputs {
		job, _, err := ParseFrom(s.Inputs[i].From)
		if s.Inputs[i].From == "" || err != nil || s.waitsFor(job) {
			continue
		}
		// A copy: the list may be that of the spec this one was cloned from.
		s.After = append(s.After[:len(s.After):len(s.After)], Dependency{Job: job, When: AfterOK})
	}
}

func (s *Spec) waitsFor(job string) bool {
	for _, d := range s.After {
		if d.Job == job {
			return true
		}
	}
	return false
}

// Encode checks a manifest, sorts it, and gives its bytes.
func (m *Manifest) Encode() ([]byte, *Error) {
	m.Version = 1
	sort.Slice(m.Files, func(i, j int) bool { return m.Files[i].Path < m.Files[j].Path })
	if err := m.check(); err != nil {
		return nil, err
	}
	data, err := json.Marshal(m)
	if err != nil {
		return nil, Invalid("manifest", "%v", err)
	}
	if len(data) > MaxManifest {
		return nil, &Error{Code: CodeTooLarge, Message: fmt.Sprintf("the list of %d files has %d bytes; at most %d are allowed", len(m.Files), len(data), MaxManifest)}
	}
	return data, nil
}

// ParseManifest reads and checks one: it is data from a stranger.
func ParseManifest(data []byte) (*Manifest, *Error) {
	m := &Manifest{}
	if err := json.Unmarshal(data, m); err != nil {
		return nil, Invalid("manifest", "is not a list of files: %v", err)
	}
	if m.Version != 1 {
		return nil, Invalid("manifest", "is of version %d; this turno reads 1", m.Version)
	}
	return m, m.check()
}

// check finds the first thing that is wrong; the files must be sorted.
func (m *Manifest) check() *Error {
	if len(m.Files) > MaxFiles {
		return &Error{Code: CodeTooLarge, Message: fmt.Sprintf("%d files; at most %d are allowed", len(m.Files), MaxFiles)}
	}
	folders := map[string]bool{}
	for i := range m.Files {
		f := &m.Files[i]
		if err := f.check("files"); err != nil {
			return err
		}
		if f.From != "" {
			return Invalid("files.from", "%s: cannot stand in a manifest", clip(f.Path))
		}
		if i > 0 && m.Files[i-1].Path >= f.Path {
			return Invalid("files", "%q is there twice or out of order", clip(f.Path))
		}
		for at := range len(f.Path) {
			if f.Path[at] == '/' {
				folders[f.Path[:at]] = true
			}
		}
	}
	for i := range m.Files {
		if folders[m.Files[i].Path] {
			return Invalid("files", "%q is both a file and a folder", clip(m.Files[i].Path))
		}
	}
	return nil
}

// Tree describes the manifest, whose bytes have this hash.
func (m *Manifest) Tree(hash string) Tree {
	t := Tree{Manifest: hash, Files: len(m.Files)}
	for i := range m.Files {
		t.Bytes += m.Files[i].Size
	}
	return t
}

// Find gives the file at a path, or nil.
func (m *Manifest) Find(path string) *File {
	i := sort.Search(len(m.Files), func(i int) bool { return m.Files[i].Path >= path })
	if i < len(m.Files) && m.Files[i].Path == path {
		return &m.Files[i]
	}
	return nil
}
