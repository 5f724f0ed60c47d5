package cli

import (
	"bufio"
	"bytes"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// ignoreFiles are read in each folder, the last one wins: .turnoignore can
// leave out more, and take back with ! what .gitignore leaves out.
var ignoreFiles = []string{".gitignore", ".turnoignore"}

// ignoring decides, as git does, which files of a folder are left out. (The
// libraries for this are a whole git, or have had no care for years.)
type ignoring struct{ rules []rule }

// rule is one line of an ignore file.
type rule struct {
	base   string // folder of its file, relative, with a / at its end; or empty
	before string // way from the folder of its file, if that is above, to here
	match  *regexp.Regexp
	not    bool // takes back
	folder bool // matches folders only
}

// read takes the rules of a folder's files, after those of the folders above.
func (g *ignoring) read(root fs.FS, dir, base string) {
	for _, name := range ignoreFiles {
		if data, err := fs.ReadFile(root, path.Join(dir, name)); err == nil {
			g.add(base, data)
		}
	}
}

// add takes the lines of one file.
func (g *ignoring) add(base string, data []byte) {
	lines := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	for lines.Scan() {
		if r, ok := parseRule(strings.TrimSuffix(lines.Text(), "\r")); ok {
			r.base = base
			g.rules = append(g.rules, r)
		}
	}
}

// out tells whether a path, relative to the folder, is left out. The last rule
// that matches decides.
func (g *ignoring) out(name string, folder bool) bool {
	for i := len(g.rules) - 1; i >= 0; i-- {
		r := &g.rules[i]
		rest, below := strings.CutPrefix(name, r.base)
		if below && (folder || !r.folder) && r.match.MatchString(r.before+rest) {
			return !r.not
		}
	}
	return false
}

// parseRule reads a line; many are none.
func parseRule(line string) (rule, bool) {
	var r rule
	for strings.HasSuffix(line, " ") && !strings.HasSuffix(line, `\ `) {
		line = strings.TrimSuffix(line, " ")
	}
	if line == "" || line[0] == '#' {
		return r, false
	}
	if line[0] == '!' {
		r.not, line = true, line[1:]
	}
	if before, ok := strings.CutSuffix(line, "/"); ok {
		r.folder, line = true, before
	}
	if line == "" {
		return r, false
	}
	anchored := strings.Contains(line, "/")
	text, ok := globText(strings.TrimPrefix(line, "/"))
	if !ok {
		return r, false
	}
	if !anchored {
		text = "(?:.*/)?" + text
	}
	var err error
	r.match, err = regexp.Compile("^(?s:" + text + ")$")
	return r, err == nil
}

// globText makes a regular expression of git's pattern; false: it matches
// nothing.
func globText(glob string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(glob); {
		rest := glob[i:]
		atStart := i == 0 || glob[i-1] == '/'
		switch {
		case atStart && strings.HasPrefix(rest, "**/"):
			b.WriteString("(?:.*/)?")
			i += 3
		case atStart && rest == "**":
			b.WriteString(".*")
			i += 2
		case rest[0] == '*':
			b.WriteString("[^/]*")
			for i < len(glob) && glob[i] == '*' {
				i++
			}
		case rest[0] == '?':
			b.WriteString("[^/]")
			i++
		case rest[0] == '[':
			class, n := classText(rest)
			if n == 0 {
				return "", false
			}
			b.WriteString(class)
			i += n
		case rest[0] == '\\':
			if len(rest) == 1 {
				return "", false
			}
			b.WriteString(regexp.QuoteMeta(rest[1:2]))
			i += 2
		default:
			n := strings.IndexAny(rest[1:], `*?[\/`) + 1
			if n == 0 {
				n = len(rest)
			}
			b.WriteString(regexp.QuoteMeta(rest[:n]))
			i += n
		}
	}
	return b.String(), true
}

// classText makes the class [...] that a pattern begins with, and its length;
// 0: it has no end.
func classText(glob string) (string, int) {
	i, text := 1, "["
	if i < len(glob) && (glob[i] == '!' || glob[i] == '^') {
		text += "^/" // never a slash
		i++
	}
	for first := true; i < len(glob); first = false {
		switch c := glob[i]; {
		case c == ']' && !first:
			return text + "]", i + 1
		case c == '[' && strings.HasPrefix(glob[i:], "[:"):
			end := strings.Index(glob[i:], ":]")
			if end < 0 {
				return "", 0
			}
			text += glob[i : i+end+2]
			i += end + 2
			continue
		case c == '\\' && i+1 < len(glob):
			text += regexp.QuoteMeta(glob[i+1 : i+2])
			i++
		case c == '-':
			text += "-"
		default:
			text += regexp.QuoteMeta(string(c))
		}
		i++
	}
	return "", 0
}
