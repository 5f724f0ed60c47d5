// Package all is the list of the orders that there are.
package all

import (
	"turno/internal/core/policy"
	"turno/internal/core/policy/fair"
	"turno/internal/core/policy/fifo"
)

// List is every order, the default first.
func List() []policy.Order { return []policy.Order{fair.New(), fifo.New()} }

// Find gives an order by name; empty is the default.
func Find(name string) (policy.Order, bool) {
	for _, o := range List() {
		if o.Name == name || name == "" {
			return o, true
		}
	}
	return policy.Order{}, false
}
