package testenv

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// Cluster is a private RabbitMQ of several nodes, each with its own data. A
// quorum queue is on up to three of them, and answers while most of these run;
// a node that sees few of the others takes no connections (pause_minority).
type Cluster struct {
	t     testing.TB
	names *Server // of Erlang's nodes
	nodes []*Server
}

// RabbitMQCluster starts so many nodes, one after the other. It takes about 10 s
// a node.
func RabbitMQCluster(t testing.TB, count int) *Cluster {
	t.Helper()
	epmd, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	config := strings.Builder{}
	config.WriteString("listeners.tcp.1 = 127.0.0.1:%d\n" +
		"cluster_partition_handling = pause_minority\ncluster_formation.peer_discovery_backend = classic_config\n")
	for i := range count {
		fmt.Fprintf(&config, "cluster_formation.classic_config.nodes.%d = turno%[1]d@localhost\n", i+1)
	}
	c := &Cluster{t: t}
	cookie := rand.Text()
	for i := range count {
		n := rabbitNode{name: fmt.Sprintf("turno%d@localhost", i+1), epmd: epmd, cookie: cookie, config: config.String()}
		if i == 0 {
			c.names = private(t, RabbitMQNeed, func() (*instance, error) {
				in, err := n.layOut()
				if err == nil {
					in.parts[0] = n.nameServer(in.parts[0])
				}
				return in, err
			})
		}
		c.nodes = append(c.nodes, private(t, RabbitMQNeed, n.layOut))
	}
	return c
}

// URLs are those of its nodes.
func (c *Cluster) URLs() []string {
	var all []string
	for _, n := range c.nodes {
		all = append(all, n.URL())
	}
	return all
}

// Kill ends some of the nodes with SIGKILL.
func (c *Cluster) Kill(nodes ...int) {
	c.t.Helper()
	c.each(nodes, (*instance).kill)
}

// Start starts them again, all at once: one may wait for another.
func (c *Cluster) Start(nodes ...int) {
	c.t.Helper()
	c.each(nodes, (*instance).start)
}

func (c *Cluster) each(nodes []int, do func(*instance) error) {
	c.t.Helper()
	errs := make([]error, len(nodes))
	var group sync.WaitGroup
	for i, n := range nodes {
		group.Go(func() { errs[i] = do(c.nodes[n].instance) })
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		c.t.Fatal(err)
	}
}
