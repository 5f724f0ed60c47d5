-- Who may do what, and what was done. Times are microseconds since 1970.
CREATE TABLE tokens (
  id         TEXT PRIMARY KEY, -- the first 12 hex digits of hash
  hash       BLOB NOT NULL, -- the SHA-256 of the token: nothing else of it is kept
  expires    INTEGER NOT NULL, -- 0: never
  revoked    INTEGER NOT NULL, -- 0: it is not
  revoked_by TEXT NOT NULL,
  used       INTEGER NOT NULL, -- 0: never
  used_from  TEXT NOT NULL,
  token      TEXT NOT NULL -- the rest, as JSON
) WITHOUT ROWID;
CREATE TABLE access_head (version INTEGER NOT NULL);
INSERT INTO access_head VALUES (1);
CREATE TABLE audit (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  usr    TEXT NOT NULL,
  action TEXT NOT NULL,
  result TEXT NOT NULL,
  entry  TEXT NOT NULL -- all of it, as JSON
);
