//go:build !race

// Under the race detector drawing the digits alone would take minutes.

package train_test

import "testing"

// TestAccuracy_Defaults is what the guide promises of the defaults, and that
// the digits are no toy: a linear model stays clearly below an MLP, and that
// below a convolutional net.
func TestAccuracy_Defaults(t *testing.T) {
	linear := run(t, newEnv(t), `{"hidden": []}`).TestAccuracy
	dense := run(t, newEnv(t), `{}`).TestAccuracy
	if linear > 0.92 || dense < 0.97 || dense-linear < 0.05 {
		t.Errorf("test accuracy %.4f of a linear model, %.4f of an MLP", linear, dense)
	}
	t.Logf("test accuracy %.4f of a linear model, %.4f of an MLP", linear, dense)
	if testing.Short() {
		return // the rest takes half a minute of two cores
	}
	convolved := run(t, newEnv(t), `{"model": "conv"}`).TestAccuracy
	t.Logf("%.4f of a convolutional net", convolved)
	if convolved < 0.985 || convolved <= dense {
		t.Errorf("test accuracy %.4f of an MLP, %.4f of a convolutional net", dense, convolved)
	}
}
