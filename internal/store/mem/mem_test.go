package mem_test

import (
	"testing"

	"turno/internal/store"
	"turno/internal/store/mem"
	"turno/internal/store/storetest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Factory{New: func(testing.TB) store.Store { return mem.New() }})
}
