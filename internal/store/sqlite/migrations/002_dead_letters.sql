-- Messages that the scheduler could not take.
CREATE TABLE dead_letters (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  queue  TEXT NOT NULL,
  digest TEXT NOT NULL,
  first  INTEGER NOT NULL, -- when it first came, in microseconds since 1970
  times  INTEGER NOT NULL, -- it came
  size   INTEGER NOT NULL, -- of body, in bytes
  letter TEXT NOT NULL, -- the rest, as JSON
  body   BLOB NOT NULL,
  UNIQUE (queue, digest)
);
