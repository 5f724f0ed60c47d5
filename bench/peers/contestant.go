package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"turno/internal/testenv"
)

// The kinds of jobs.
const (
	kindNoop    = "noop"
	kindCommand = "command" // /bin/true
)

// ready is what a worker of ours prints when it works.
const ready = "peers: ready"

// python is Debian's, which has the packages; another on the PATH has not.
const python = "/usr/bin/python3"

// server is one that a contestant needs, and whether it syncs what it stores.
type server struct {
	part    testenv.Part
	durable bool
}

var (
	rabbitMQ      = server{testenv.RabbitMQNeed, true}
	postgres      = server{testenv.PostgresNeed, true}
	redis         = server{testenv.RedisNeed, false}
	durableRedis  = server{testenv.RedisNeed, true}
	unsafeSetting = "?sslmode=disable&options=-c%20synchronous_commit%3Doff"
)

// contestant is a job queue with its settings.
type contestant struct {
	name    string
	queue   string // what can be installed as one
	durable bool   // no accepted job and no known result is lost in a power cut
	// settings say how it is configured, beside what it comes with.
	settings string
	servers  []server
	// share of the no-op jobs: one that does a tenth a second gets a tenth.
	share float64
	// start starts its workers and says what drives it.
	start func(*stage) (argv, env []string, err error)
}

// contestants in the order of the table.
func contestants(turno string) []contestant {
	cores := runtime.NumCPU()
	list := []contestant{
		{
			name: "turno, embedded", queue: "turno", durable: true, share: 1,
			settings: "`turno up` as it comes: SQLite with WAL and synchronous=FULL, embedded NATS",
			start:    func(s *stage) ([]string, []string, error) { return startTurno(s, turno) },
		}, {
			name: "turno, servers", queue: "turno", durable: true, share: 1,
			settings: "`turno up --broker amqp://… --store postgres://…`: quorum queues, publisher confirms; PostgreSQL syncs each commit",
			servers:  []server{rabbitMQ, postgres},
			start:    func(s *stage) ([]string, []string, error) { return startTurno(s, turno) },
		},
	}
	list = append(list, goPeers()...)
	return append(list, pythonPeers(cores)...)
}

func goPeers() []contestant {
	return []contestant{
		{
			name: "River, default", queue: "river", durable: true, share: 0.25,
			settings: "PostgreSQL syncs each commit; 100 workers as in its guide, fetch cooldown 100 ms, InsertManyFast",
			servers:  []server{postgres},
			start:    func(s *stage) ([]string, []string, error) { return startRiver(s, "", "100ms", 100) },
		}, {
			name: "River, tuned", queue: "river", durable: true, share: 1,
			settings: "PostgreSQL syncs each commit; 2,000 workers, fetch cooldown 1 ms, InsertManyFast",
			servers:  []server{postgres},
			start:    func(s *stage) ([]string, []string, error) { return startRiver(s, "", "1ms", 2000) },
		}, {
			name: "River, fast", queue: "river", durable: false, share: 1,
			settings: "as tuned, with synchronous_commit=off",
			servers:  []server{postgres},
			start:    func(s *stage) ([]string, []string, error) { return startRiver(s, unsafeSetting, "1ms", 2000) },
		}, {
			name: "Asynq, durable", queue: "asynq", durable: true, share: 0.25,
			settings: "Redis appendfsync=always; concurrency 10 as in its guide, looks for tasks each 1 s when idle, results kept 1 h",
			servers:  []server{durableRedis},
			start:    func(s *stage) ([]string, []string, error) { return startAsynq(s, "1s") },
		}, {
			name: "Asynq, fast", queue: "asynq", durable: false, share: 0.25,
			settings: "Redis with snapshots alone; the same, but looks for tasks each 5 ms",
			servers:  []server{redis},
			start:    func(s *stage) ([]string, []string, error) { return startAsynq(s, "5ms") },
		},
	}
}

func pythonPeers(cores int) []contestant {
	return []contestant{
		{
			name: "Celery, durable", queue: "celery", durable: true, share: 0.1,
			settings: "RabbitMQ with publisher confirms, acks_late and reject_on_worker_lost, results in Redis with appendfsync=always; a process for each core",
			servers:  []server{rabbitMQ, durableRedis},
			start:    func(s *stage) ([]string, []string, error) { return startCelery(s, true, cores) },
		}, {
			name: "Celery, fast", queue: "celery", durable: false, share: 0.1,
			settings: "RabbitMQ with transient messages and no confirms, acknowledged before they run, 128 prefetched; results in Redis with snapshots alone",
			servers:  []server{rabbitMQ, redis},
			start:    func(s *stage) ([]string, []string, error) { return startCelery(s, false, cores) },
		}, {
			name: "RQ, durable", queue: "rq", durable: true, share: 0.05,
			settings: "Redis appendfsync=always; a worker for each core, which forks for each job as it comes; enqueue_many",
			servers:  []server{durableRedis},
			start:    func(s *stage) ([]string, []string, error) { return startRQ(s, "rq.worker.Worker", cores) },
		}, {
			name: "RQ, fast", queue: "rq", durable: false, share: 0.1,
			settings: "Redis with snapshots alone; SimpleWorker, which does not fork",
			servers:  []server{redis},
			start:    func(s *stage) ([]string, []string, error) { return startRQ(s, "rq.worker.SimpleWorker", cores) },
		}, {
			name: "Dask", queue: "dask", durable: false, share: 0.1,
			settings: "everything in memory, there is nothing durable; a worker process of one thread for each core",
			start:    func(s *stage) ([]string, []string, error) { return startDask(s, cores) },
		},
	}
}

func startTurno(s *stage, turno string) (argv, env []string, err error) {
	data := filepath.Join(s.dir, "turno")
	port, err := testenv.LoopbackPort()
	if err != nil {
		return nil, nil, err
	}
	listen := "127.0.0.1:" + strconv.Itoa(port)
	args := []string{turno, "up", "--listen", listen, "--no-open"}
	if len(s.urls) > 0 {
		args = append(args, "--broker", s.urls[testenv.RabbitMQNeed], "--store", s.urls[testenv.PostgresNeed])
	}
	err = s.run(testenv.Program{Name: "turno", Argv: args, Ready: listen, Env: []string{"TURNO_DATA=" + data, "TURNO_END_JOBS=true", "TURNO_LOG_LEVEL=error"}})
	return []string{s.self, "drive", "turno", "http://" + listen, filepath.Join(data, "token")}, nil, err
}

func startRiver(s *stage, setting, cooldown string, workers int) (argv, env []string, err error) {
	url := s.urls[testenv.PostgresNeed]
	if setting != "" {
		url = url[:len(url)-len("?sslmode=disable")] + setting
	}
	err = s.run(testenv.Program{Name: "river", Ready: ready, Argv: []string{s.self, "work", "river", url, cooldown, strconv.Itoa(workers)}})
	return []string{s.self, "drive", "river", url}, nil, err
}

func startAsynq(s *stage, check string) (argv, env []string, err error) {
	url := s.urls[testenv.RedisNeed]
	err = s.run(testenv.Program{Name: "asynq", Ready: ready, Argv: []string{s.self, "work", "asynq", url, check, "10"}})
	return []string{s.self, "drive", "asynq", url}, nil, err
}

// pythonPath leads to the tasks and drivers.
func (s *stage) pythonPath() string { return "PYTHONPATH=" + s.python }

func startCelery(s *stage, durable bool, cores int) (argv, env []string, err error) {
	env = []string{s.pythonPath(), "PEERS_BROKER=" + s.urls[testenv.RabbitMQNeed], "PEERS_RESULTS=" + s.urls[testenv.RedisNeed], "PEERS_DURABLE=" + strconv.FormatBool(durable)}
	err = s.run(testenv.Program{Name: "celery", Ready: ready, Env: env,
		Argv: []string{python, "-m", "celery", "-A", "celery_tasks", "worker", "--loglevel", "warning", "--concurrency", strconv.Itoa(cores)}})
	return []string{python, filepath.Join(s.python, "celery_driver.py")}, env, err
}

func startRQ(s *stage, class string, cores int) (argv, env []string, err error) {
	url := s.urls[testenv.RedisNeed]
	env = []string{s.pythonPath()}
	for range cores {
		err = s.run(testenv.Program{Name: "rq", Ready: "Listening on", Env: env,
			Argv: []string{python, "-m", "rq.cli", "worker", "--url", url, "--worker-class", class, "--disable-job-desc-logging", "default"}})
		if err != nil {
			return nil, nil, err
		}
	}
	return []string{python, filepath.Join(s.python, "rq_driver.py"), url}, env, nil
}

func startDask(s *stage, cores int) (argv, env []string, err error) {
	port, err := testenv.LoopbackPort()
	if err != nil {
		return nil, nil, err
	}
	where := fmt.Sprintf("tcp://127.0.0.1:%d", port)
	env = []string{s.pythonPath()}
	err = s.run(testenv.Program{Name: "dask-scheduler", Ready: "Scheduler at:", Env: env,
		Argv: []string{python, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", strconv.Itoa(port), "--no-dashboard"}})
	if err == nil {
		err = s.run(testenv.Program{Name: "dask-worker", Ready: "Registered to:", Env: env,
			Argv: []string{python, "-m", "distributed.cli.dask_worker", where, "--host", "127.0.0.1", "--nworkers", strconv.Itoa(cores), "--nthreads", "1", "--no-dashboard"}})
	}
	return []string{python, filepath.Join(s.python, "dask_driver.py"), where}, env, err
}

// stage is what runs for one contestant, for one block.
type stage struct {
	self   string // this program
	python string // the folder of the Python side
	dir    string
	urls   map[testenv.Part]string
	stops  []func() error // in the order of the starts
}

func (s *stage) run(p testenv.Program) error {
	stop, err := testenv.StartProgram(p)
	if err != nil {
		return err
	}
	s.stops = append(s.stops, stop)
	return nil
}

func (s *stage) serve(servers []server) error {
	for _, v := range servers {
		url, stop, err := testenv.StartServer(v.part, v.durable)
		if err != nil {
			return err
		}
		s.stops = append(s.stops, stop)
		s.urls[v.part] = url
	}
	return nil
}

// clear ends all of it, in reverse.
func (s *stage) clear() error {
	var first error
	for i := len(s.stops) - 1; i >= 0; i-- {
		if err := s.stops[i](); err != nil && first == nil {
			first = err
		}
	}
	s.stops = nil
	if err := os.RemoveAll(s.dir); err != nil && first == nil {
		first = err
	}
	return first
}
