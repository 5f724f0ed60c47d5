-- Attempts of a job are numbered above this. It is raised when the store is
-- restored from an older copy: numbers given since then are not given again.
ALTER TABLE head ADD COLUMN attempts int8 NOT NULL DEFAULT 0;

-- The first stores of schema 1 had another index of what is live, and did not
-- tell what had failed from what had succeeded.
DROP INDEX jobs_live;
CREATE INDEX jobs_live ON jobs (live, number) WHERE live <> 0;
UPDATE jobs SET live = 2 WHERE live = 0 AND state > 6;
