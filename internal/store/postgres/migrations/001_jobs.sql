-- One row: the newest term, the newest revision, the next job number. Whoever
-- writes anything locks it first.
CREATE TABLE head (
  one      int PRIMARY KEY CHECK (one = 1),
  term     int8 NOT NULL,
  revision int8 NOT NULL,
  next     int8 NOT NULL
) WITH (fillfactor = 10);
INSERT INTO head VALUES (1, 0, 1, 1);

-- Who leads. Apart from head, so that no commit keeps a lead from being renewed.
CREATE TABLE lead (
  one    int PRIMARY KEY CHECK (one = 1),
  holder text NOT NULL,
  until  timestamptz NOT NULL -- by this server's clock
) WITH (fillfactor = 10);
INSERT INTO lead VALUES (1, '', '-infinity');

-- Free space in each page lets a change stay in its page and off the indexes.
CREATE TABLE jobs (
  number int8 PRIMARY KEY,
  idx    int8 NOT NULL, -- a task's index, as in its id; -1: no task
  parent int8 NOT NULL, -- the array's number; 0: no task
  spec   int8 NOT NULL, -- whose spec in specs: its own or its array's
  kind   int4 NOT NULL,
  state  int2 NOT NULL, -- see codes in sqlstore/record.go
  live   int2 NOT NULL, -- 1 until it has ended, then 0 when it succeeded, else 2
  id     bytea NOT NULL, -- see sqlstore/id.go
  name   text NOT NULL, -- lower case, for searching only
  status text NOT NULL  -- JSON; see record in sqlstore/record.go
) WITH (fillfactor = 60);
CREATE UNIQUE INDEX jobs_id ON jobs (id, idx);
CREATE INDEX jobs_live ON jobs (live, number) WHERE live <> 0;
CREATE INDEX jobs_parent ON jobs (parent, number) WHERE parent <> 0;

CREATE TABLE specs (
  number int8 PRIMARY KEY,
  spec   text NOT NULL
);

CREATE TABLE kinds (
  kind  int8 PRIMARY KEY,
  queue text NOT NULL,
  usr   text NOT NULL,
  type  text NOT NULL,
  task  int8 NOT NULL,
  UNIQUE (queue, usr, type, task)
);

-- How many jobs there are, in all (block -1) and in each block of numbers.
CREATE TABLE counts (
  block int8 NOT NULL,
  kind  int8 NOT NULL,
  state int8 NOT NULL,
  n     int8 NOT NULL,
  PRIMARY KEY (block, kind, state)
) WITH (fillfactor = 50);

CREATE TABLE workers (
  name   text PRIMARY KEY,
  worker text NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE logs (
  job     int8 NOT NULL,
  attempt int8 NOT NULL,
  start   int8 NOT NULL, -- the chunk's first byte
  stop    int8 NOT NULL, -- the byte after its last
  data    bytea NOT NULL,
  PRIMARY KEY (job, attempt, start)
);

-- The newest changes for other processes, one row a commit; see
-- sqlstore/event.go. After a crash of the server it is empty, and they start
-- again.
CREATE UNLOGGED TABLE events (
  last int8 PRIMARY KEY, -- revision of the row's last change
  n    int8 NOT NULL,    -- how many it has
  data bytea NOT NULL
);
