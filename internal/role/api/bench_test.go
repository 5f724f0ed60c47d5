package api_test

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"testing"

	"turno"
	"turno/internal/broker"
	brokermem "turno/internal/broker/mem"
	"turno/internal/role/api"
	"turno/internal/service"
	storemem "turno/internal/store/mem"
)

// BenchmarkSubmit sends 10,000 jobs a turn through client, API and service to
// a broker in memory, where a scheduler answers that costs next to nothing.
// ns/job is the time that passed; cpu-ns/job what all of them took of the
// processors together, which other load on the machine does not change.
func BenchmarkSubmit(b *testing.B) {
	const n = 10_000
	one := &turno.Spec{Type: "noop", Params: []byte(`{"seconds":0}`)}
	for name, spec := range map[string]func(int) *turno.Spec{
		"OneSpec": func(int) *turno.Spec { return one },
		"EqualSpecs": func(int) *turno.Spec {
			return &turno.Spec{Type: "noop", Params: []byte(`{"seconds":0}`)}
		},
		"OtherParams": func(i int) *turno.Spec {
			return &turno.Spec{Type: "noop", Params: fmt.Appendf(nil, `{"seconds":0,"i":%d}`, i)}
		},
		"OtherNames": func(i int) *turno.Spec {
			return &turno.Spec{Type: "noop", Name: fmt.Sprintf("job-%d", i), Params: []byte(`{"seconds":0}`)}
		},
	} {
		jobs := make([]turno.NewJob, n)
		for i := range jobs {
			jobs[i].Spec = spec(i)
		}
		b.Run(name, func(b *testing.B) { benchmarkSubmit(b, jobs) })
	}
}

func benchmarkSubmit(b *testing.B, jobs []turno.NewJob) {
	mem := brokermem.New()
	svc, err := service.New(service.Options{Broker: mem, Store: storemem.New()})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	go func() { _ = svc.Run(ctx) }()
	go acceptAll(ctx, mem)
	defer cancel()
	c := connect(b, serve(b, api.Options{Service: svc}))
	before := cpuTime()
	for b.Loop() {
		out, err := c.Submit(ctx, jobs)
		if err != nil || out[len(out)-1].Number == 0 {
			b.Fatalf("%v %+v", err, out[len(out)-1])
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(jobs)), "ns/job")
	b.ReportMetric(float64(cpuTime()-before)/float64(b.N*len(jobs)), "cpu-ns/job")
}

// acceptAll answers submissions without understanding them.
func acceptAll(ctx context.Context, mem *brokermem.Broker) {
	c, err := mem.Consume(ctx, broker.JobsQueue, broker.ConsumeOptions{})
	if err != nil {
		return
	}
	number := int64(0)
	mark := []byte(`{"id":"`)
	for {
		ds, err := c.Receive(ctx)
		if err != nil {
			return
		}
		for _, d := range ds {
			reply := []byte(`{"version":1,"jobs":[`)
			for at := bytes.Index(d.Body, mark); at >= 0; at = bytes.Index(d.Body, mark) {
				number++
				d.Body = d.Body[at:]
				reply = append(append(reply, d.Body[:len(mark)+36]...), `","number":`...)
				reply = append(strconv.AppendInt(reply, number, 10), "},"...)
				d.Body = d.Body[len(mark):]
			}
			reply = append(reply[:len(reply)-1], "]}"...)
			if mem.Reply(ctx, d.Message, reply) != nil || c.Ack(ctx, d) != nil {
				return
			}
		}
	}
}
