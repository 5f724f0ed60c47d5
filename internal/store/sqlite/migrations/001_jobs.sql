-- One row: the newest term, the newest revision, the next job number.
CREATE TABLE head (
  one      INTEGER PRIMARY KEY CHECK (one = 1),
  term     INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  next     INTEGER NOT NULL
);
INSERT INTO head VALUES (1, 0, 1, 1);

-- What lists filter by stands before the long columns: a scan reads no further.
CREATE TABLE jobs (
  number INTEGER PRIMARY KEY,
  state  INTEGER NOT NULL, -- see codes in sqlstore/record.go
  live   INTEGER NOT NULL, -- 1 until it has ended, then 0 when it succeeded, else 2
  kind   INTEGER NOT NULL,
  idx    INTEGER NOT NULL, -- a task's index, as in its id; -1: no task
  parent INTEGER NOT NULL, -- the array's number; 0: no task
  spec   INTEGER NOT NULL, -- whose spec in specs: its own or its array's
  id     BLOB    NOT NULL, -- see sqlstore/id.go
  name   TEXT    NOT NULL, -- lower case, for searching only
  status TEXT    NOT NULL  -- see record in sqlstore/record.go
);
CREATE UNIQUE INDEX jobs_id ON jobs (id, idx);
CREATE INDEX jobs_live ON jobs (live, number) WHERE live <> 0;
CREATE INDEX jobs_parent ON jobs (parent, number) WHERE parent <> 0;

CREATE TABLE specs (
  number INTEGER PRIMARY KEY,
  spec   TEXT NOT NULL
);

CREATE TABLE kinds (
  kind  INTEGER PRIMARY KEY,
  queue TEXT NOT NULL,
  usr   TEXT NOT NULL,
  type  TEXT NOT NULL,
  task  INTEGER NOT NULL,
  UNIQUE (queue, usr, type, task)
);

-- How many jobs there are, in all (block -1) and in each block of numbers.
CREATE TABLE counts (
  block INTEGER NOT NULL,
  kind  INTEGER NOT NULL,
  state INTEGER NOT NULL,
  n     INTEGER NOT NULL,
  PRIMARY KEY (block, kind, state)
) WITHOUT ROWID;

CREATE TABLE workers (
  name   TEXT PRIMARY KEY,
  worker TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE logs (
  job     INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  start   INTEGER NOT NULL, -- the chunk's first byte
  stop    INTEGER NOT NULL, -- the byte after its last
  data    BLOB    NOT NULL
);
CREATE UNIQUE INDEX logs_start ON logs (job, attempt, start);
