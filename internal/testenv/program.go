package testenv

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// StartServer starts a private server for a program that measures: tests have
// RabbitMQ, Postgres and the like. A durable one syncs what it stores before it
// says so. Stop ends it and removes its data; it ends with this process too.
func StartServer(part Part, durable bool) (url string, stop func() error, err error) {
	kinds := map[Part][2]func() (*instance, error){
		RabbitMQNeed: {newRabbitMQ, newRabbitMQ}, // what is durable is said with each message
		PostgresNeed: {newPostgres, newDurablePostgres},
		RedisNeed:    {newRedis, newDurableRedis},
	}
	kind, ok := kinds[part]
	if !ok {
		return "", nil, fmt.Errorf("start a server: %q is none that is measured", part)
	}
	if missing := parts[part].missing(); missing != nil {
		return "", nil, fmt.Errorf("start %s: %w; to get it: %s", part, missing, parts[part].install)
	}
	which := 0
	if durable {
		which = 1
	}
	in, err := launchInstance(kind[which])
	if err != nil {
		return "", nil, err
	}
	return in.url, in.close, nil
}

// Program is what a measurement runs beside the servers.
type Program struct {
	Name  string // for messages
	Argv  []string
	Env   []string // beside PATH, HOME and a few: nothing of this process's own
	Ready string   // a line of output with this text says that it works
}

// StartProgram returns when it works. Its folder, which is also its HOME, is
// new, and removed by stop. Stop ends its children too, and so does the end of
// this process.
func StartProgram(p Program) (stop func() error, err error) {
	dir, err := newDataDir(-1, -1)
	if err != nil {
		return nil, err
	}
	in := &instance{dir: dir, parts: []launch{{
		name: p.Name, argv: p.Argv, env: append([]string{"HOME=" + dir}, p.Env...), dir: dir,
		ready: p.Ready, stop: syscall.SIGTERM, uid: -1, gid: -1,
	}}}
	if err := in.start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return func() error { return errors.Join(in.halt(), os.RemoveAll(dir)) }, nil
}

// LoopbackPort is a free one for such a program.
func LoopbackPort() (int, error) { return freePort() }
