package storetest

import "testing"

func walkTest(t *testing.T, f Factory) {}
