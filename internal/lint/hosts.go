package lint

import (
	"bytes"
	"fmt"
)

// hosts are registries of modules, packages and images: where these come from
// is the business of the machine that fetches them. They are written in two
// pieces so that this file is not one of its own findings.
var hosts = []string{
	"proxy." + "golang.org", "sum." + "golang.org",
	"registry." + "npmjs.org", "registry." + "yarnpkg.com",
	"deb." + "debian.org", "security." + "debian.org", "archive." + "ubuntu.com",
	"pypi." + "org", "files." + "pythonhosted.org",
	"index." + "crates.io", "static." + "crates.io",
	"registry-1." + "docker.io", "index." + "docker.io",
	"ghcr." + "io", "quay." + "io", "gcr." + "io", "registry." + "k8s.io",
}

// hostNames finds them in one file.
func hostNames(file string, text []byte) (found []Finding) {
	for _, host := range hosts {
		rest, line := text, 1
		for {
			before, after, ok := bytes.Cut(rest, []byte(host))
			if !ok {
				break
			}
			line += bytes.Count(before, []byte("\n"))
			found = append(found, Finding{fmt.Sprintf("%s:%d", file, line), "host", "names the registry " + host,
				"leave it to the machine's own configuration (for npm: omit-lockfile-registry-resolved)"})
			rest = after
		}
	}
	return found
}
