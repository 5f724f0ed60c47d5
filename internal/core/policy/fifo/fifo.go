// Package fifo is strict first come, first served: nobody passes the first
// job that has to wait. Simple to explain, and wasteful: see fair.
package fifo

import "turno/internal/core/policy"

// New is the order.
func New() policy.Order {
	return policy.Order{
		Name:    "fifo",
		Summary: "strictly in order of submission; nobody passes one that waits",
		Key:     func(c policy.Candidate) int64 { return c.Submitted.UnixMicro() },
	}
}
