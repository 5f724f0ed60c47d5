package cli

import (
	"context"

	"turno"
	"turno/internal/files/transfer"
)

// readWorkdir lists and hashes the files of a working folder.
func (s *session) readWorkdir(ctx context.Context, f *fileFlags) (*turno.Tree, []transfer.Source, error) {
	return nil, nil, usage("--workdir is not there yet")
}
