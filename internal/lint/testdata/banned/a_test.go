package a

import (
	"fmt"
	clock "time"

	"testing"
)

func TestA(t *testing.T) {
	clock.Sleep(1)  // want "time.Sleep in a test; use testing/synctest"
	t.Skip("later") // want "a skip without a typed reason; use testenv.Need"
	t.Run("sub", func(sub *testing.T) {
		sub.SkipNow() // want "a skip without a typed reason"
	})
}

func Example() {
	fmt.Println("an example prints")
}
