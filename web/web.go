// Package web holds the dashboard's built files. Its sources are TypeScript in
// src; package bundle makes dist of them, and a test there holds the two
// together. Building turno needs neither Node.js nor the sources.
//
// It serves nothing: role/api does.
package web

import (
	"embed"
	"io/fs"
)

//go:embed dist
var built embed.FS

// Files are index.html and assets, whose names hold a hash of their content.
func Files() fs.FS {
	files, err := fs.Sub(built, "dist")
	if err != nil {
		panic("web: " + err.Error()) // dist is a valid path
	}
	return files
}
