package testenv

import (
	"strconv"
	"syscall"
)

// redisServer is Debian's; only measurements beside other queues use it.
const redisServer = "/usr/bin/redis-server"

// newRedis is a server as it comes: it stores a snapshot now and then.
func newRedis() (*instance, error) {
	return redisWith("--save", "3600 1 300 100 60 10000", "--appendonly", "no")
}

// newDurableRedis syncs each write before it answers.
func newDurableRedis() (*instance, error) {
	return redisWith("--save", "", "--appendonly", "yes", "--appendfsync", "always")
}

func redisWith(options ...string) (*instance, error) {
	dir, err := newDataDir(-1, -1)
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	return &instance{
		url: "redis://" + loopback(port) + "/0",
		dir: dir,
		parts: []launch{{
			name: "redis", dir: dir, uid: -1, gid: -1, stop: syscall.SIGTERM,
			argv: append([]string{redisServer, "--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", dir},
				options...),
			ready: "Ready to accept connections",
		}},
	}, nil
}
