package testenv

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// RabbitMQRootVariable names a folder with another Debian in it, whose RabbitMQ
// is run instead of this machine's: scripts/rabbitmq-next makes one. TMPDIR must
// then be a folder below it, as both see the server's files.
const RabbitMQRootVariable = "TURNO_TEST_RABBITMQ_ROOT"

// rabbitServer is Debian's script without the wrapper that changes the user.
const rabbitServer = "/usr/lib/rabbitmq/bin/rabbitmq-server"

// RabbitMQ starts a private broker: user guest, vhost /, no plugins. It takes
// about 5 s on an idle machine; a test that neither kills nor stops it uses
// SharedRabbitMQ. A URL looks like amqp://guest:guest@127.0.0.1:12345/.
func RabbitMQ(t testing.TB) *Server {
	t.Helper()
	return private(t, RabbitMQNeed, newRabbitMQ)
}

// RabbitMQTLS is one that speaks nothing but TLS: amqps://….
func RabbitMQTLS(t testing.TB, pair Pair) *Server {
	t.Helper()
	return private(t, RabbitMQNeed, func() (*instance, error) {
		in, err := rabbitMQ(fmt.Sprintf("listeners.tcp = none\nlisteners.ssl.1 = 127.0.0.1:%%d\nssl_options.certfile = %s\nssl_options.keyfile = %s\nssl_options.verify = verify_none\n", pair.Cert, pair.Key))
		if err == nil {
			in.url = "amqps" + strings.TrimPrefix(in.url, "amqp")
		}
		return in, err
	})
}

// Pair is a certificate and its key, in files.
type Pair struct{ Cert, Key string }

func newRabbitMQ() (*instance, error) { return rabbitMQ("listeners.tcp.1 = 127.0.0.1:%d\n") }

// rabbitMQ lays out a node that shares nothing with another one on this
// machine: its own name server for Erlang nodes (epmd), cookie, configuration,
// ports and data. Listeners is that part of its configuration, with a %d for the
// port.
func rabbitMQ(listeners string) (*instance, error) {
	epmd, err := freePort()
	if err != nil {
		return nil, err
	}
	n := rabbitNode{name: "turno@localhost", epmd: epmd, cookie: rand.Text(), config: listeners}
	in, err := n.layOut()
	if err != nil {
		return nil, err
	}
	in.parts = []launch{n.nameServer(in.parts[0]), in.parts[0]}
	return in, nil
}

// rabbitNode is what tells one node from another.
type rabbitNode struct {
	name   string // as Erlang's
	epmd   int    // the port of the name server
	cookie string
	config string // that part of its configuration; a %d is the port
}

// layOut makes the node's folder. The name server is to be there before it.
func (n rabbitNode) layOut() (*instance, error) {
	dir, err := newDataDir(-1, -1)
	if err != nil {
		return nil, err
	}
	root := strings.TrimSuffix(os.Getenv(RabbitMQRootVariable), "/")
	if !strings.HasPrefix(dir, root+"/") {
		return nil, fmt.Errorf("%s is %s, and the server's data in %s is not below it: set TMPDIR to %[2]s/tmp", RabbitMQRootVariable, root, dir)
	}
	amqp, err := freePort()
	if err != nil {
		return nil, err
	}
	distribution, err := freePort()
	if err != nil {
		return nil, err
	}
	if err := writeRabbitFiles(dir, fmt.Sprintf(n.config, amqp), n.cookie); err != nil {
		return nil, err
	}
	inside := strings.TrimPrefix(dir, root)
	env := []string{
		"HOME=" + inside,
		"ERL_EPMD_ADDRESS=127.0.0.1",
		"ERL_EPMD_PORT=" + strconv.Itoa(n.epmd),
		"ERL_CRASH_DUMP_SECONDS=0", // none: it would take longer than the kill
		"RABBITMQ_NODENAME=" + n.name,
		"RABBITMQ_DIST_PORT=" + strconv.Itoa(distribution),
		"RABBITMQ_CONF_ENV_FILE=" + filepath.Join(inside, "env.conf"),
		"RABBITMQ_CONFIG_FILE=" + filepath.Join(inside, "rabbitmq.conf"),
		"RABBITMQ_ENABLED_PLUGINS_FILE=" + filepath.Join(inside, "plugins"),
		"RABBITMQ_GENERATED_CONFIG_DIR=" + filepath.Join(inside, "generated"),
		"RABBITMQ_MNESIA_BASE=" + filepath.Join(inside, "mnesia"),
		"RABBITMQ_LOG_BASE=" + filepath.Join(inside, "log"),
		"RABBITMQ_LOGS=-",
		// The script then becomes the node instead of watching over it.
		"RUNNING_UNDER_SYSTEMD=true",
		// No busy waiting: it would take both cores from the tests.
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none",
	}
	return &instance{
		url:    "amqp://guest:guest@" + loopback(amqp) + "/",
		dir:    dir,
		stored: []string{filepath.Join(dir, "mnesia")},
		tool:   "/usr/lib/rabbitmq/bin/rabbitmqctl",
		parts: []launch{{
			name: "rabbitmq", dir: dir, root: root, env: env, uid: -1, gid: -1, stop: syscall.SIGTERM,
			argv:  []string{rabbitServer},
			ready: "Server startup complete",
		}},
	}, nil
}

// nameServer is the one of the node, in its folder.
func (n rabbitNode) nameServer(node launch) launch {
	node.name, node.ready = "epmd", "epmd running"
	node.argv = []string{"epmd", "-d", "-address", "127.0.0.1", "-port", strconv.Itoa(n.epmd)}
	return node
}

func writeRabbitFiles(dir, config, cookie string) error {
	files := []struct{ name, text string }{
		{"rabbitmq.conf", fmt.Sprintf(`%slog.file = false
log.console = true
log.console.level = info
disk_free_limit.absolute = 50MB
`, config)},
		{"plugins", "[].\n"},
		{"env.conf", ""},
		{".erlang.cookie", cookie},
	}
	for _, f := range files {
		// 0400: Erlang refuses a cookie that others can read.
		if err := os.WriteFile(filepath.Join(dir, f.name), []byte(f.text), 0o400); err != nil {
			return fmt.Errorf("write configuration of rabbitmq: %w", err)
		}
	}
	return nil
}
