// Package deploy checks, without a cluster, what is shipped to run turno
// elsewhere: manifests, units, packages and release builds. What they name of
// the program (variables, flags, ports, paths) is compared with what the
// program reads and serves.
package deploy
