-- Runs of turno bench run.
CREATE TABLE benchmarks (
  id       TEXT PRIMARY KEY,
  usr      TEXT NOT NULL,
  began    INTEGER NOT NULL, -- microseconds since 1970
  ord      INTEGER NOT NULL, -- never falls from one copy to the next
  stopping INTEGER NOT NULL, -- 1: somebody wants it to stop
  head     TEXT NOT NULL, -- what is said of it in lists, as JSON
  file     BLOB NOT NULL
);
CREATE INDEX benchmarks_began ON benchmarks (began, id);
