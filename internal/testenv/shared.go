package testenv

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// The environment variables that give the tests of a whole run one shared
// server: cmd/services sets them. Without them each test binary starts its own
// on first use.
const (
	RabbitMQVariable = "TURNO_TEST_RABBITMQ_URL"
	PostgresVariable = "TURNO_TEST_POSTGRES_URL"
)

var (
	processRabbitMQ = sync.OnceValues(func() (string, error) { return startShared(newRabbitMQ) })
	processPostgres = sync.OnceValues(func() (string, error) { return startShared(newPostgres) })
)

// startShared's server ends with this process, through its guard.
func startShared(make func() (*instance, error)) (string, error) {
	in, err := launchInstance(make)
	if err != nil {
		return "", err
	}
	return in.url, nil
}

// SharedRabbitMQ returns the URL of a broker that other tests use too, and a
// prefix, different on each call, for the names of whatever the test makes
// there. The test must not kill it or count on its being empty. Safe for
// concurrent use.
func SharedRabbitMQ(t testing.TB) (url, prefix string) {
	t.Helper()
	url = sharedURL(t, RabbitMQNeed, RabbitMQVariable, processRabbitMQ)
	return url, "test-" + unique() + "."
}

// SharedPostgres returns the URL of a database of the test's own on a server
// that other tests use too. It is dropped when the test ends. Safe for
// concurrent use.
func SharedPostgres(t testing.TB) string {
	t.Helper()
	server := sharedURL(t, PostgresNeed, PostgresVariable, processPostgres)
	name := "test_" + unique()
	if err := psql(t.Context(), server, `CREATE DATABASE "`+name+`" TEMPLATE template0`); err != nil {
		t.Fatalf("make a database: %v", err)
	}
	t.Cleanup(func() {
		if err := psql(context.Background(), server, `DROP DATABASE "`+name+`" WITH (FORCE)`); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("parse URL of the shared server: %v", err)
	}
	u.Path = "/" + name
	return u.String()
}

func sharedURL(t testing.TB, need Part, variable string, own func() (string, error)) string {
	t.Helper()
	if given := os.Getenv(variable); given != "" {
		return given
	}
	Need(t, need)
	url, err := own()
	if err != nil {
		t.Fatal(err)
	}
	return url
}

func unique() string { return strings.ToLower(rand.Text()[:12]) }

// psql runs one statement. It is the program and not a library, so that tests
// of other parts do not link a database driver.
func psql(ctx context.Context, server, statement string) error {
	program := "psql"
	if bin := postgresBin(); bin != "" {
		program = filepath.Join(bin, "psql") // Debian's wrapper on the PATH takes 0.1 s
	}
	cmd := exec.CommandContext(ctx, program, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", server, "-c", statement)
	cmd.Dir = os.TempDir()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("psql: %w: %s", err, out)
	}
	return nil
}

// StartServices starts one server of each kind that tests share, as far as it
// is installed and not given already. It returns the environment variables to
// hand to the tests, and stop, which ends the servers. Durable ones sync what
// they store, for measurements. For cmd/services; tests use the functions above.
func StartServices(durable bool) (env []string, stop func() error, err error) {
	postgres := newPostgres
	if durable {
		postgres = newDurablePostgres
	}
	kinds := []struct {
		need     Part
		variable string
		make     func() (*instance, error)
	}{
		{PostgresNeed, PostgresVariable, postgres},
		{RabbitMQNeed, RabbitMQVariable, newRabbitMQ},
	}
	var started []*instance
	stop = func() error {
		var errs []error
		for _, in := range started {
			errs = append(errs, in.close())
		}
		return errors.Join(errs...)
	}
	for _, k := range kinds {
		if os.Getenv(k.variable) != "" || parts[k.need].missing() != nil {
			continue
		}
		in, err := launchInstance(k.make)
		if err != nil {
			return nil, nil, errors.Join(err, stop())
		}
		started = append(started, in)
		env = append(env, k.variable+"="+in.url)
	}
	return env, stop, nil
}
