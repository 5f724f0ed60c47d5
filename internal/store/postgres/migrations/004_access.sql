-- Who may do what, and what was done. Times are microseconds since 1970.
CREATE TABLE tokens (
  id         TEXT PRIMARY KEY, -- the first 12 hex digits of hash
  hash       BYTEA NOT NULL, -- the SHA-256 of the token: nothing else of it is kept
  expires    BIGINT NOT NULL, -- 0: never
  revoked    BIGINT NOT NULL, -- 0: it is not
  revoked_by TEXT NOT NULL,
  used       BIGINT NOT NULL, -- 0: never
  used_from  TEXT NOT NULL,
  token      TEXT NOT NULL -- the rest, as JSON
);
CREATE TABLE access_head (version BIGINT NOT NULL);
INSERT INTO access_head VALUES (1);
CREATE TABLE audit (
  number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  usr    TEXT NOT NULL,
  action TEXT NOT NULL,
  result TEXT NOT NULL,
  entry  TEXT NOT NULL -- all of it, as JSON
);
