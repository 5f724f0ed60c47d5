package testenv

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// helperVariable makes this test binary a process that starts servers and
// waits to be killed.
const helperVariable = "TURNO_TESTENV_HELPER"

func TestMain(m *testing.M) {
	if os.Getenv(helperVariable) != "" {
		if err := startAndWait(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func startAndWait() error {
	env, _, err := StartServices(false)
	if err != nil {
		return err
	}
	dir, err := processDir()
	if err != nil {
		return err
	}
	fmt.Println(strings.Join(append(env, "DIR="+dir), " "))
	_, err = io.Copy(io.Discard, os.Stdin) // until the parent is gone, at the latest
	return err
}

func TestRabbitMQ_KeepsMessagesOverKill(t *testing.T) {
	t.Parallel()
	s := RabbitMQ(t)
	before := openAMQP(t, s.URL())
	declare(t, before, "kept")
	if err := before.Confirm(false); err != nil {
		t.Fatal(err)
	}
	confirmation, err := before.PublishWithDeferredConfirm("", "kept", false, false,
		amqp.Publishing{DeliveryMode: amqp.Persistent, Body: []byte("message")})
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := confirmation.WaitContext(t.Context()); err != nil || !ok {
		t.Fatalf("confirm: %v, %v", ok, err)
	}

	s.Kill()
	if !refused(t, s.URL()) {
		t.Error("somebody listens after Kill")
	}
	s.Start()

	after := openAMQP(t, s.URL())
	d, ok, err := after.Get("kept", true)
	if err != nil || !ok || string(d.Body) != "message" {
		t.Errorf("Get after Kill and Start: %q, %v, %v", d.Body, ok, err)
	}
	s.Restart()
	openAMQP(t, s.URL())
}

func TestSharedRabbitMQ_GivesEachTestItsPrefix(t *testing.T) {
	t.Parallel()
	url, prefix := SharedRabbitMQ(t)
	sameURL, otherPrefix := SharedRabbitMQ(t)
	if url != sameURL || prefix == otherPrefix {
		t.Errorf("got %s %s and %s %s, want one URL and two prefixes", url, prefix, sameURL, otherPrefix)
	}
	declare(t, openAMQP(t, url), prefix+"queue")
}

func TestPostgres_KeepsRowsOverKill(t *testing.T) {
	t.Parallel()
	s := Postgres(t)
	query(t, s.URL(), "CREATE TABLE kept AS SELECT 7 AS value")
	// A client in the middle of a query must not keep Kill from ending.
	busy := exec.CommandContext(t.Context(), filepath.Join(postgresBin(), "psql"), "-X", "-d", s.URL(),
		"-c", "\\echo begun", "-c", "SELECT pg_sleep(600)")
	out, err := busy.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := busy.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}

	s.Kill()
	if err := busy.Wait(); err == nil {
		t.Error("a client did not notice that the server was killed")
	}
	if !refused(t, s.URL()) {
		t.Error("somebody listens after Kill")
	}
	s.Start()
	query(t, s.URL(), "SELECT 1 / count(*) FROM kept WHERE value = 7")
	s.Restart()
	query(t, s.URL(), "SELECT 1 / count(*) FROM kept WHERE value = 7")
}

func TestSharedPostgres_GivesEachTestItsDatabase(t *testing.T) {
	t.Parallel()
	first, second := SharedPostgres(t), SharedPostgres(t)
	query(t, first, "CREATE TABLE here AS SELECT 1 AS value")
	query(t, second, "CREATE TABLE here AS SELECT 1 AS value")
}

func TestNATS_ComesBackOnItsPort(t *testing.T) {
	t.Parallel()
	s := NATS(t)
	for _, again := range []func(){func() {}, func() { s.Kill(); s.Start() }, s.Restart} {
		again()
		conn := dial(t, s.URL())
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil || !strings.HasPrefix(line, "INFO ") || !strings.Contains(line, `"jetstream":true`) {
			t.Errorf("got %q, %v, want INFO with JetStream", line, err)
		}
	}
}

// The servers of a process that is killed with -9 must not stay, nor its data.
func TestServers_DieWithKilledProcess(t *testing.T) {
	t.Parallel()
	Need(t, RabbitMQNeed, PostgresNeed)
	helper := exec.Command(os.Args[0])
	helper.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, RabbitMQVariable) || strings.HasPrefix(v, PostgresVariable)
	}), helperVariable+"=1")
	stdin, err := helper.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := helper.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	// The lifelines' shells hold their parent's standard error: its end is theirs.
	stderr, shells, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	helper.Stderr = shells
	if err := helper.Start(); err != nil {
		t.Fatal(err)
	}
	shells.Close()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the helper started no servers: %v", err)
	}
	values := map[string]string{}
	for f := range strings.FieldsSeq(line) {
		name, value, _ := strings.Cut(f, "=")
		values[name] = value
	}
	dial(t, values[RabbitMQVariable])
	dial(t, values[PostgresVariable])

	if err := helper.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	helper.Wait()
	stderr.SetReadDeadline(time.Now().Add(drainTimeout))
	if said, err := io.ReadAll(stderr); err != nil || len(said) > 0 {
		t.Fatalf("the lifelines' shells: %q, %v", said, err)
	}
	t.Logf("servers and data were gone %v after the kill", time.Since(killed))
	// Not by the ports: another test's server may have got them by now.
	for _, left := range processesOf(t, values["DIR"]) {
		t.Errorf("a server outlived its process: %q", left)
	}
	if _, err := os.Stat(values["DIR"]); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("data folder: %v, want it removed", err)
	}
}

func TestStart_SaysWhatTheServerSaid(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := &instance{dir: dir, parts: []launch{{
		name: "stub", dir: dir, uid: -1, gid: -1, ready: "never",
		argv: []string{"/bin/sh", "-c", "echo no such luck; exit 3"},
	}}}
	err := in.start()
	if err == nil || !strings.Contains(err.Error(), "no such luck") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("got %v, want the status and the output", err)
	}
}

func TestFreePort_IsGivenOnce(t *testing.T) {
	t.Parallel()
	given := map[int]bool{}
	for range 50 {
		port := FreePort(t)
		if given[port] {
			t.Fatalf("port %d twice", port)
		}
		given[port] = true
	}
}

func openAMQP(t *testing.T, url string) *amqp.Channel {
	t.Helper()
	conn, err := amqp.Dial(url)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() { conn.Close() })
	ch, err := conn.Channel()
	if err != nil {
		t.Fatalf("open channel: %v", err)
	}
	return ch
}

func declare(t *testing.T, ch *amqp.Channel, queue string) {
	t.Helper()
	if _, err := ch.QueueDeclare(queue, true, false, false, false, nil); err != nil {
		t.Fatalf("declare queue: %v", err)
	}
}

func query(t *testing.T, server, statement string) {
	t.Helper()
	if err := psql(context.Background(), server, statement); err != nil {
		t.Fatal(err)
	}
}

func dial(t *testing.T, server string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", hostOf(t, server))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// processesOf gives the command lines of processes that name a folder there.
func processesOf(t *testing.T, dir string) (found []string) {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil || dir == "" {
		t.Fatal(dir, err)
	}
	for _, path := range paths {
		if line, err := os.ReadFile(path); err == nil && strings.Contains(string(line), dir) {
			found = append(found, string(line))
		}
	}
	return found
}

func refused(t *testing.T, server string) bool {
	t.Helper()
	conn, err := net.Dial("tcp", hostOf(t, server))
	if err == nil {
		conn.Close()
	}
	return err != nil
}

func hostOf(t *testing.T, server string) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}
