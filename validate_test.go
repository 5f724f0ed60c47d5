package turno_test

import (
	"testing"

	"turno"
)

// TestValidate_FoldersOfEverySystem: a job's folder is one of its worker's machine, so
// absolute is what any system calls so.
func TestValidate_FoldersOfEverySystem(t *testing.T) {
	t.Parallel()
	for dir, good := range map[string]bool{
		"": true, "/data": true, `C:\jobs`: true, "d:/jobs": true, `\\server\jobs`: true,
		"data": false, "../x": false, `C:jobs`: false, "C:": false, "1:/x": false, `\jobs`: false,
	} {
		s := turno.Spec{Type: "noop", Dir: dir}
		s.Normalize()
		if err := s.Validate(); (err == nil) != good {
			t.Errorf("%q: %v", dir, err)
		}
	}
}
