-- Messages that the scheduler could not take.
CREATE TABLE dead_letters (
  number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  queue  TEXT NOT NULL,
  digest TEXT NOT NULL,
  first  BIGINT NOT NULL, -- when it first came, in microseconds since 1970
  times  BIGINT NOT NULL, -- it came
  size   BIGINT NOT NULL, -- of body, in bytes
  letter TEXT NOT NULL, -- the rest, as JSON
  body   BYTEA NOT NULL,
  UNIQUE (queue, digest)
);
