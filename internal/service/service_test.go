package service_test

import (
	"testing"

	"turno"
	"turno/internal/service/servicetest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	servicetest.Run(t, func(_ testing.TB, s turno.Service) turno.Service { return s })
}
