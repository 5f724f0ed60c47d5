package noop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"turno"
	"turno/internal/workload"
)

func TestRun_WaitsAndIsCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		output, err := run(t.Context(), &workload.Env{Device: turno.DeviceGPU}, json.RawMessage(`{"seconds": 2.5}`))
		if err != nil || time.Since(start) != 2500*time.Millisecond || output.(*workload.Outcome).Device != turno.DeviceGPU {
			t.Errorf("%+v, %v after %s", output, err, time.Since(start))
		}
		why := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(why) })
		start = time.Now()
		if _, err := run(ctx, &workload.Env{}, json.RawMessage(`{"seconds": 60}`)); err != why || time.Since(start) != time.Second {
			t.Errorf("%v after %s", err, time.Since(start))
		}
	})
}

func TestRun_Failure(t *testing.T) {
	t.Parallel()
	for params, want := range map[string]workload.Failure{
		`{"fail": true}`:                         {ExitCode: 1, Retryable: true},
		`{"exit_code": 7, "retryable": false}`:   {ExitCode: 7},
		`{"exit_code": 9, "fail": true}`:         {ExitCode: 9, Retryable: true},
		`{"fail": false, "exit_code": 2}`:        {ExitCode: 2, Retryable: true},
		`{"fail": true, "seconds": 0.000000001}`: {ExitCode: 1, Retryable: true},
	} {
		_, err := run(t.Context(), &workload.Env{}, json.RawMessage(params))
		f, ok := errors.AsType[*workload.Failure](err)
		if !ok || f.Reason != turno.ReasonExitCode || f.ExitCode != want.ExitCode || f.Retryable != want.Retryable {
			t.Errorf("%s: %+v", params, err)
		}
	}
}

func TestRun_LogHasTheSizeAskedFor(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 63, 64, 65, block - 1, block, block + 1, 3*block + 7} {
		var log bytes.Buffer
		params := append(append([]byte(`{"output": `), itoa(size)...), '}')
		if _, err := run(t.Context(), &workload.Env{Log: &log}, params); err != nil || log.Len() != size {
			t.Errorf("%d bytes of %d, %v", log.Len(), size, err)
		}
		for text := range strings.Lines(log.String()) {
			if !strings.HasPrefix(line, text) && text != line {
				t.Fatalf("line %q", text)
			}
		}
	}
}

func itoa(n int) []byte { text, _ := json.Marshal(n); return text }
