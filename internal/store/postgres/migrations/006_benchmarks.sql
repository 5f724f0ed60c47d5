-- Runs of turno bench run.
CREATE TABLE benchmarks (
  id       TEXT PRIMARY KEY,
  usr      TEXT NOT NULL,
  began    BIGINT NOT NULL, -- microseconds since 1970
  ord      BIGINT NOT NULL, -- never falls from one copy to the next
  stopping BIGINT NOT NULL, -- 1: somebody wants it to stop
  head     TEXT NOT NULL, -- what is said of it in lists, as JSON
  file     BYTEA NOT NULL
);
CREATE INDEX benchmarks_began ON benchmarks (began, id);
