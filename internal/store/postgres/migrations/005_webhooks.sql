-- What has become of telling jobs' ends to the addresses that they name.
CREATE TABLE webhooks (
  job     BIGINT PRIMARY KEY, -- number
  due     BIGINT NOT NULL, -- of the next try, in microseconds since 1970; 0: there is none
  webhook TEXT NOT NULL -- the rest, as JSON
);
CREATE INDEX webhooks_due ON webhooks (due, job) WHERE due <> 0;
