// Command turno is the whole of turno in one program: see package cli.
package main

import (
	"os"

	"turno/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], cli.OS(), cli.Real())) }
