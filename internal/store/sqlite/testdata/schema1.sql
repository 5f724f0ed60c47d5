-- made by scripts/schema-fixture a9e177f797 sqlite
BEGIN TRANSACTION;
CREATE TABLE counts (
  block INTEGER NOT NULL,
  kind  INTEGER NOT NULL,
  state INTEGER NOT NULL,
  n     INTEGER NOT NULL,
  PRIMARY KEY (block, kind, state)
) WITHOUT ROWID;
INSERT INTO "counts" VALUES(-1,1,1,1);
INSERT INTO "counts" VALUES(-1,1,2,1000);
INSERT INTO "counts" VALUES(-1,1,3,0);
INSERT INTO "counts" VALUES(-1,1,4,1);
INSERT INTO "counts" VALUES(-1,1,5,0);
INSERT INTO "counts" VALUES(-1,1,6,1);
INSERT INTO "counts" VALUES(-1,1,7,2);
INSERT INTO "counts" VALUES(-1,1,8,2);
INSERT INTO "counts" VALUES(-1,2,2,1);
INSERT INTO "counts" VALUES(-1,2,3,0);
INSERT INTO "counts" VALUES(-1,2,4,0);
INSERT INTO "counts" VALUES(-1,2,6,10);
INSERT INTO "counts" VALUES(0,1,1,1);
INSERT INTO "counts" VALUES(0,1,2,1);
INSERT INTO "counts" VALUES(0,1,3,0);
INSERT INTO "counts" VALUES(0,1,4,2);
INSERT INTO "counts" VALUES(0,1,5,0);
INSERT INTO "counts" VALUES(0,1,6,2);
INSERT INTO "counts" VALUES(0,1,7,2);
INSERT INTO "counts" VALUES(0,1,8,2);
INSERT INTO "counts" VALUES(0,2,2,1);
INSERT INTO "counts" VALUES(0,2,3,0);
INSERT INTO "counts" VALUES(0,2,4,0);
INSERT INTO "counts" VALUES(0,2,6,10);
CREATE TABLE head (
  one      INTEGER PRIMARY KEY CHECK (one = 1),
  term     INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  next     INTEGER NOT NULL
);
INSERT INTO "head" VALUES(1,1,57,22);
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
INSERT INTO "jobs" VALUES(1,6,0,1,-1,0,1,X'01A2095D7B957D19BFCDE1B0C588B21C','hello','{"reason":"Completed","since":1795453451390876,"sub":1795453451165656,"start":1795453451309006,"end":1795453451390876,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-7b5f-722e-b64f-3ed70247e0eb","dev":"cpu","at":1795453451236927,"start":1795453451309006,"end":1795453451329984,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","log":12,"sys":988000},"log":12}],"same":true}');
INSERT INTO "jobs" VALUES(2,7,2,1,-1,0,2,X'01A2095D7D6278689EDECD59DF0150F4','ünder','{"reason":"ExitCode","detail":"exit code 3","since":1795453451768972,"sub":1795453451761105,"start":1795453451768416,"end":1795453451768972,"fail":1,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-7b5f-722e-b64f-3ed70247e0eb","dev":"cpu","at":1795453451761119,"start":1795453451768416,"end":1795453451768537,"res":{"state":"failed","reason":"ExitCode","msg":"exit code 3","again":true,"exit":3,"dev":"cpu","log":3,"user":978000},"log":3}],"same":true}');
INSERT INTO "jobs" VALUES(3,7,2,1,-1,0,3,X'01A2095D7F367A9ABA8B3FEC0DB34E03','retried','{"reason":"ExitCode","detail":"exit code 4","since":1795453453557851,"sub":1795453452089195,"start":1795453452123000,"end":1795453453557851,"fail":2,"n":2,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-7b5f-722e-b64f-3ed70247e0eb","dev":"cpu","at":1795453452089261,"start":1795453452123000,"end":1795453452124410,"res":{"state":"failed","reason":"ExitCode","msg":"exit code 4","again":true,"exit":4,"dev":"cpu","user":1039000}},{"n":2,"worker":"w1","inc":"01a2095d-7b5f-722e-b64f-3ed70247e0eb","dev":"cpu","at":1795453453536341,"start":1795453453556540,"end":1795453453557657,"res":{"state":"failed","reason":"ExitCode","msg":"exit code 4","again":true,"exit":4,"dev":"cpu","user":1066000}}],"same":true}');
INSERT INTO "jobs" VALUES(4,4,1,1,-1,0,4,X'01A2095D85F9796297FBAAADB87CCC0F','runs','{"reason":"Running","detail":"on w1","since":1795453453874790,"sub":1795453453821580,"start":1795453453865798,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-7b5f-722e-b64f-3ed70247e0eb","dev":"cpu","at":1795453453821601,"start":1795453453865798}]}');
INSERT INTO "jobs" VALUES(5,1,1,1,-1,0,5,X'01A2095D862A7A3C92B27F6D4961C546','held','{"reason":"Held","detail":"held; release it to let it run","since":1795453453868808,"sub":1795453453868808}');
INSERT INTO "jobs" VALUES(6,2,1,1,-1,0,6,X'01A2095D864D7F3B8AC2DE5770E84A54','later','{"reason":"Dependency","detail":"waits for 1 other jobs to end","since":1795453453903513,"sub":1795453453903513}');
INSERT INTO "jobs" VALUES(7,8,2,1,-1,0,7,X'01A2095D872673049D08F2D83563874E','cancelled','{"reason":"Cancelled","detail":"cancelled by root","since":1795453455013061,"sub":1795453454179917,"end":1795453455013061}');
INSERT INTO "jobs" VALUES(8,8,2,1,-1,0,8,X'01A2095D8BAF751AB4ABDB56095CDC88','killed','{"reason":"Cancelled","detail":"stopped","since":1795453457842126,"sub":1795453455281483,"start":1795453455286326,"end":1795453457842126,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-7b5f-722e-b64f-3ed70247e0eb","dev":"cpu","at":1795453455281497,"start":1795453455286326,"end":1795453457842004,"res":{"state":"cancelled","reason":"Cancelled","msg":"stopped","again":true,"exit":143,"sig":"TERM","dev":"cpu","user":1384000}}],"same":true}');
INSERT INTO "jobs" VALUES(9,6,0,1,-1,0,9,X'01A2095D964F72FEBBAD8723949ED361','array','{"tasks":{"total":10,"active":0,"ended":{"succeeded":10}},"reason":"Completed","detail":"10 of 10 tasks succeeded","since":1795453458266963,"sub":1795453458004313,"start":1795453458004335,"end":1795453458266963}');
INSERT INTO "jobs" VALUES(10,6,0,2,0,9,9,X'01A2095D964F72FEBBAD8723949ED361','array','{"reason":"Completed","since":1795453458073295,"sub":1795453458004313,"start":1795453458072829,"end":1795453458073295,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-7b5f-722e-b64f-3ed70247e0eb","dev":"cpu","at":1795453458004335,"start":1795453458072829,"end":1795453458072911,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":911000}}],"same":true}');
INSERT INTO "jobs" VALUES(11,6,0,2,1,9,9,X'01A2095D964F72FEBBAD8723949ED361','array','{"task":1,"reason":"Completed","since":1795453458120805,"sub":1795453458004313,"start":1795453458099006,"end":1795453458120805,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-7b5f-722e-b64f-3ed70247e0eb","dev":"cpu","at":1795453458073358,"start":1795453458099006,"end":1795453458113416,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":930000}}],"same":true}');
INSERT INTO "jobs" VALUES(12,6,0,2,2,9,9,X'01A2095D964F72FEBBAD8723949ED361','array','{"task":2,"reason":"Completed","since":1795453458199751,"sub":1795453458004313,"start":1795453458199290,"end":1795453458199751,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-7b5f-722e-b64f-3ed70247e0eb","dev":"cpu","at":1795453458120832,"start":1795453458199290,"end":1795453458199315,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":1084000}}],"same":true}');
INSERT INTO "jobs" VALUES(13,6,0,2,3,9,9,X'01A2095D964F72FEBBAD8723949ED361','array','{"task":3,"reason":"Completed","since":1795453458211114,"sub":1795453458004313,"start":1795453458210428,"end":1795453458211114,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-7b5f-722e-b64f-3ed70247e0eb","dev":"cpu","at":1795453458199770,"start":1795453458210428,"end":1795453458210713,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":1126000}}],"same":true}');
INSERT INTO "jobs" VALUES(14,6,0,2,4,9,9,X'01A2095D964F72FEBBAD8723949ED361','array','{"task":4,"reason":"Completed","since":1795453458226554,"sub":1795453458004313,"start":1795453458226134,"end":1795453458226554,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-7b5f-722e-b64f-3ed70247e0eb","dev":"cpu","at":1795453458211178,"start":1795453458226134,"end":1795453458226351,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":905000}}],"same":true}');
INSERT INTO "jobs" VALUES(15,6,0,2,5,9,9,X'01A2095D964F72FEBBAD8723949ED361','array','{"task":5,"reason":"Completed","since":1795453458230790,"sub":1795453458004313,"start":1795453458230242,"end":1795453458230790,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-7b5f-722e-b64f-3ed70247e0eb","dev":"cpu","at":1795453458226573,"start":1795453458230242,"end":1795453458230424,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":793000}}],"same":true}');
INSERT INTO "jobs" VALUES(16,6,0,2,6,9,9,X'01A2095D964F72FEBBAD8723949ED361','array','{"task":6,"reason":"Completed","since":1795453458234986,"sub":1795453458004313,"start":1795453458234518,"end":1795453458234986,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-7b5f-722e-b64f-3ed70247e0eb","dev":"cpu","at":1795453458230815,"start":1795453458234518,"end":1795453458234597,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":775000}}],"same":true}');
INSERT INTO "jobs" VALUES(17,6,0,2,7,9,9,X'01A2095D964F72FEBBAD8723949ED361','array','{"task":7,"reason":"Completed","since":1795453458239851,"sub":1795453458004313,"start":1795453458238870,"end":1795453458239851,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-7b5f-722e-b64f-3ed70247e0eb","dev":"cpu","at":1795453458235008,"start":1795453458238870,"end":1795453458239604,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":965000}}],"same":true}');
INSERT INTO "jobs" VALUES(18,6,0,2,8,9,9,X'01A2095D964F72FEBBAD8723949ED361','array','{"task":8,"reason":"Completed","since":1795453458244922,"sub":1795453458004313,"start":1795453458244003,"end":1795453458244922,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-7b5f-722e-b64f-3ed70247e0eb","dev":"cpu","at":1795453458239870,"start":1795453458244003,"end":1795453458244241,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":865000}}],"same":true}');
INSERT INTO "jobs" VALUES(19,6,0,2,9,9,9,X'01A2095D964F72FEBBAD8723949ED361','array','{"task":9,"reason":"Completed","since":1795453458266963,"sub":1795453458004313,"start":1795453458247289,"end":1795453458266963,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-7b5f-722e-b64f-3ed70247e0eb","dev":"cpu","at":1795453458239870,"start":1795453458247289,"end":1795453458266750,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":801000}}],"same":true}');
INSERT INTO "jobs" VALUES(20,4,1,1,-1,0,20,X'01A2095D9A08796F9D50AFC0A5A35E38','tasks','{"tasks":{"total":1000,"wait":"1-999","active":1},"reason":"Tasks","since":1795453459001440,"sub":1795453459001419,"start":1795453459001440}');
INSERT INTO "jobs" VALUES(21,2,1,2,0,20,20,X'01A2095D9A08796F9D50AFC0A5A35E38','tasks','{"reason":"Priority","detail":"others stand before it","since":1795453460001830,"sub":1795453459001419,"until":1795453460001830,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-7b5f-722e-b64f-3ed70247e0eb","dev":"cpu","ahead":true,"at":1795453459001440,"end":1795453460001749,"res":{"state":"cancelled","reason":"Requeuing","msg":"ended before it began"}}]}');
CREATE TABLE kinds (
  kind  INTEGER PRIMARY KEY,
  queue TEXT NOT NULL,
  usr   TEXT NOT NULL,
  type  TEXT NOT NULL,
  task  INTEGER NOT NULL,
  UNIQUE (queue, usr, type, task)
);
INSERT INTO "kinds" VALUES(1,'default','root','exec',0);
INSERT INTO "kinds" VALUES(2,'default','root','exec',1);
CREATE TABLE logs (
  job     INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  start   INTEGER NOT NULL, -- the chunk's first byte
  stop    INTEGER NOT NULL, -- the byte after its last
  data    BLOB    NOT NULL
);
INSERT INTO "logs" VALUES(1,1,0,12,X'68656C6C6F0A616761696E0A');
INSERT INTO "logs" VALUES(2,1,0,3,X'6E6F0A');
CREATE TABLE specs (
  number INTEGER PRIMARY KEY,
  spec   TEXT NOT NULL
);
INSERT INTO "specs" VALUES(1,'{"name":"hello","queue":"default","user":"root","type":"exec","params":{"command":["sh","-c","echo hello; echo again"]},"dir":"/tmp","device":"cpu","cpus":1,"grace_seconds":30}');
INSERT INTO "specs" VALUES(2,'{"name":"ünder","queue":"default","user":"root","type":"exec","params":{"command":["sh","-c","echo no; exit 3"]},"dir":"/tmp","device":"cpu","cpus":1,"grace_seconds":30}');
INSERT INTO "specs" VALUES(3,'{"name":"retried","queue":"default","user":"root","type":"exec","params":{"command":["sh","-c","exit 4"]},"dir":"/tmp","device":"cpu","cpus":1,"retries":1,"backoff_seconds":1,"grace_seconds":30}');
INSERT INTO "specs" VALUES(4,'{"name":"runs","queue":"default","user":"root","type":"exec","params":{"command":["sleep","600"]},"dir":"/tmp","device":"cpu","cpus":1,"grace_seconds":30}');
INSERT INTO "specs" VALUES(5,'{"name":"held","queue":"default","user":"root","type":"exec","params":{"command":["true"]},"dir":"/tmp","device":"cpu","cpus":1,"grace_seconds":30,"hold":true}');
INSERT INTO "specs" VALUES(6,'{"name":"later","queue":"default","user":"root","type":"exec","params":{"command":["true"]},"dir":"/tmp","device":"cpu","cpus":1,"grace_seconds":30,"after":[{"job":"4","when":"afterok"}]}');
INSERT INTO "specs" VALUES(7,'{"name":"cancelled","queue":"default","user":"root","type":"exec","params":{"command":["true"]},"dir":"/tmp","device":"cpu","cpus":1,"grace_seconds":30,"hold":true}');
INSERT INTO "specs" VALUES(8,'{"name":"killed","queue":"default","user":"root","type":"exec","params":{"command":["sleep","600"]},"dir":"/tmp","device":"cpu","cpus":1,"grace_seconds":30}');
INSERT INTO "specs" VALUES(9,'{"name":"array","queue":"default","user":"root","type":"exec","params":{"command":["true"]},"dir":"/tmp","device":"cpu","cpus":1,"grace_seconds":30,"array":"0-9%2"}');
INSERT INTO "specs" VALUES(20,'{"name":"tasks","queue":"default","user":"root","type":"exec","params":{"command":["true"]},"dir":"/tmp","device":"cpu","cpus":2,"grace_seconds":30,"array":"0-999"}');
CREATE TABLE workers (
  name   TEXT PRIMARY KEY,
  worker TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO "workers" VALUES('w1','{"name":"w1","incarnation":"01a2095d-7b5f-722e-b64f-3ed70247e0eb","machine":{"hostname":"vm","version":"(devel)","os":"linux","arch":"amd64","cpu_model":"AMD EPYC","cpus":2,"memory_bytes":4294967296,"offers":[{"type":"exec","devices":["cpu","gpu"]},{"type":"image","devices":["cpu"]},{"type":"infer","devices":["cpu"]},{"type":"matmul","devices":["cpu"]},{"type":"noop","devices":["cpu","gpu"]},{"type":"train","devices":["cpu"]},{"type":"vecadd","devices":["cpu"]}],"isolation":"cgroup v2 kill + v1 limits (memory, pids, cpu)","boot_id":"a7855a09-516c-4c38-adc5-1979fe1724fc"},"state":"ready","since":"2026-11-23T17:04:11.236881Z","seen_at":"2026-11-23T17:04:11.236881Z","cpus_used":1,"memory_used_bytes":0,"job_count":1}');
CREATE UNIQUE INDEX jobs_id ON jobs (id, idx);
CREATE INDEX jobs_live ON jobs (live, number) WHERE live <> 0;
CREATE INDEX jobs_parent ON jobs (parent, number) WHERE parent <> 0;
CREATE UNIQUE INDEX logs_start ON logs (job, attempt, start);
COMMIT;
PRAGMA user_version = 1;
