-- made by scripts/schema-fixture 6da6d9b~1 sqlite
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
CREATE TABLE head (
  one      INTEGER PRIMARY KEY CHECK (one = 1),
  term     INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  next     INTEGER NOT NULL
, attempts INTEGER NOT NULL DEFAULT 0);
INSERT INTO "head" VALUES(1,1,55,22,0);
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
INSERT INTO "jobs" VALUES(1,6,0,1,-1,0,1,X'01A20ACF3B067A9287B6DE572B5DECCD','hello','{"reason":"Completed","since":1795477683059868,"sub":1795477683014845,"start":1795477683059509,"end":1795477683059868,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20acf-2f84-745e-800e-a7797e6f4ac1","dev":"cpu","at":1795477683014871,"start":1795477683059509,"end":1795477683059557,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","log":12,"user":1106000},"log":12}],"same":true}');
INSERT INTO "jobs" VALUES(2,7,2,1,-1,0,2,X'01A20ACF547D74CD8240F7BEC0DE0BFD','ünder','{"reason":"ExitCode","detail":"exit code 3","since":1795477689744691,"sub":1795477689656000,"start":1795477689744354,"end":1795477689744691,"fail":1,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20acf-2f84-745e-800e-a7797e6f4ac1","dev":"cpu","at":1795477689656026,"start":1795477689744354,"end":1795477689744449,"res":{"state":"failed","reason":"ExitCode","msg":"exit code 3","again":true,"exit":3,"dev":"cpu","log":3,"user":1356000},"log":3}],"same":true}');
INSERT INTO "jobs" VALUES(3,7,2,1,-1,0,3,X'01A20ACF67657C76818D5EC1411618EA','retried','{"reason":"ExitCode","detail":"exit code 4","since":1795477695625332,"sub":1795477694311159,"start":1795477694318057,"end":1795477695625332,"fail":2,"n":2,"runs":[{"n":1,"worker":"w1","inc":"01a20acf-2f84-745e-800e-a7797e6f4ac1","dev":"cpu","at":1795477694311174,"start":1795477694318057,"end":1795477694320226,"res":{"state":"failed","reason":"ExitCode","msg":"exit code 4","again":true,"exit":4,"dev":"cpu","user":1059000}},{"n":2,"worker":"w1","inc":"01a20acf-2f84-745e-800e-a7797e6f4ac1","dev":"cpu","at":1795477695388293,"start":1795477695621097,"end":1795477695624923,"res":{"state":"failed","reason":"ExitCode","msg":"exit code 4","again":true,"exit":4,"dev":"cpu","user":1325000}}],"same":true}');
INSERT INTO "jobs" VALUES(4,4,1,1,-1,0,4,X'01A20ACF747C77298BE9A642076B715A','runs','{"reason":"Running","detail":"on w1","since":1795477697719353,"sub":1795477697669555,"start":1795477697709348,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20acf-2f84-745e-800e-a7797e6f4ac1","dev":"cpu","at":1795477697669573,"start":1795477697709348}]}');
INSERT INTO "jobs" VALUES(5,1,1,1,-1,0,5,X'01A20ACF7700776B8F1C9566EC04CD45','held','{"reason":"Held","detail":"held; release it to let it run","since":1795477698306282,"sub":1795477698306282}');
INSERT INTO "jobs" VALUES(6,2,1,1,-1,0,6,X'01A20ACF7AC37920B7AB407AE821CDE9','later','{"reason":"Dependency","detail":"waits for 1 other jobs to end","since":1795477699269306,"sub":1795477699269306}');
INSERT INTO "jobs" VALUES(7,8,2,1,-1,0,7,X'01A20ACF7FA87E32A21BEF24D8D823C8','cancelled','{"reason":"Cancelled","detail":"cancelled by root","since":1795477700947292,"sub":1795477700545025,"end":1795477700947292}');
INSERT INTO "jobs" VALUES(8,8,2,1,-1,0,8,X'01A20ACF86597E039D0A461E429982DA','killed','{"reason":"Cancelled","detail":"stopped","since":1795477706082265,"sub":1795477702369232,"start":1795477702389914,"end":1795477706082265,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20acf-2f84-745e-800e-a7797e6f4ac1","dev":"cpu","at":1795477702369314,"start":1795477702389914,"end":1795477706067124,"res":{"state":"cancelled","reason":"Cancelled","msg":"stopped","again":true,"exit":143,"sig":"TERM","dev":"cpu","user":1283000}}],"same":true}');
INSERT INTO "jobs" VALUES(9,6,0,1,-1,0,9,X'01A20ACFA88B7E55865AA6F3F35702A6','array','{"tasks":{"total":10,"active":0,"ended":{"succeeded":10}},"reason":"Completed","detail":"10 of 10 tasks succeeded","since":1795477714552985,"sub":1795477711052821,"start":1795477711052846,"end":1795477714552985}');
INSERT INTO "jobs" VALUES(10,6,0,2,0,9,9,X'01A20ACFA88B7E55865AA6F3F35702A6','array','{"reason":"Completed","since":1795477711422258,"sub":1795477711052821,"start":1795477711374602,"end":1795477711422258,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20acf-2f84-745e-800e-a7797e6f4ac1","dev":"cpu","at":1795477711052846,"start":1795477711374602,"end":1795477711421987,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":886000}}],"same":true}');
INSERT INTO "jobs" VALUES(11,6,0,2,1,9,9,X'01A20ACFA88B7E55865AA6F3F35702A6','array','{"task":1,"reason":"Completed","since":1795477712008743,"sub":1795477711052821,"start":1795477712008527,"end":1795477712008743,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20acf-2f84-745e-800e-a7797e6f4ac1","dev":"cpu","at":1795477711422289,"start":1795477712008527,"end":1795477712008550,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":938000}}],"same":true}');
INSERT INTO "jobs" VALUES(12,6,0,2,2,9,9,X'01A20ACFA88B7E55865AA6F3F35702A6','array','{"task":2,"reason":"Completed","since":1795477712873240,"sub":1795477711052821,"start":1795477712859914,"end":1795477712873240,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20acf-2f84-745e-800e-a7797e6f4ac1","dev":"cpu","at":1795477712008761,"start":1795477712859914,"end":1795477712873007,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":883000}}],"same":true}');
INSERT INTO "jobs" VALUES(13,6,0,2,3,9,9,X'01A20ACFA88B7E55865AA6F3F35702A6','array','{"task":3,"reason":"Completed","since":1795477713457029,"sub":1795477711052821,"start":1795477713455309,"end":1795477713457029,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20acf-2f84-745e-800e-a7797e6f4ac1","dev":"cpu","at":1795477712873260,"start":1795477713455309,"end":1795477713456268,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":1073000}}],"same":true}');
INSERT INTO "jobs" VALUES(14,6,0,2,4,9,9,X'01A20ACFA88B7E55865AA6F3F35702A6','array','{"task":4,"reason":"Completed","since":1795477713896838,"sub":1795477711052821,"start":1795477713869507,"end":1795477713896838,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20acf-2f84-745e-800e-a7797e6f4ac1","dev":"cpu","at":1795477713457037,"start":1795477713869507,"end":1795477713896605,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","sys":1755000}}],"same":true}');
INSERT INTO "jobs" VALUES(15,6,0,2,5,9,9,X'01A20ACFA88B7E55865AA6F3F35702A6','array','{"task":5,"reason":"Completed","since":1795477714194741,"sub":1795477711052821,"start":1795477714194467,"end":1795477714194741,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20acf-2f84-745e-800e-a7797e6f4ac1","dev":"cpu","at":1795477713896866,"start":1795477714194467,"end":1795477714194498,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":1196000}}],"same":true}');
INSERT INTO "jobs" VALUES(16,6,0,2,6,9,9,X'01A20ACFA88B7E55865AA6F3F35702A6','array','{"task":6,"reason":"Completed","since":1795477714227198,"sub":1795477711052821,"start":1795477714226602,"end":1795477714227198,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20acf-2f84-745e-800e-a7797e6f4ac1","dev":"cpu","at":1795477714194767,"start":1795477714226602,"end":1795477714226624,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":1111000}}],"same":true}');
INSERT INTO "jobs" VALUES(17,6,0,2,7,9,9,X'01A20ACFA88B7E55865AA6F3F35702A6','array','{"task":7,"reason":"Completed","since":1795477714333224,"sub":1795477711052821,"start":1795477714324645,"end":1795477714333224,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20acf-2f84-745e-800e-a7797e6f4ac1","dev":"cpu","at":1795477714227240,"start":1795477714324645,"end":1795477714332955,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","sys":1453000}}],"same":true}');
INSERT INTO "jobs" VALUES(18,6,0,2,8,9,9,X'01A20ACFA88B7E55865AA6F3F35702A6','array','{"task":8,"reason":"Completed","since":1795477714396371,"sub":1795477711052821,"start":1795477714396033,"end":1795477714396371,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20acf-2f84-745e-800e-a7797e6f4ac1","dev":"cpu","at":1795477714333251,"start":1795477714396033,"end":1795477714396053,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":1195000}}],"same":true}');
INSERT INTO "jobs" VALUES(19,6,0,2,9,9,9,X'01A20ACFA88B7E55865AA6F3F35702A6','array','{"task":9,"reason":"Completed","since":1795477714552985,"sub":1795477711052821,"start":1795477714452088,"end":1795477714552985,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20acf-2f84-745e-800e-a7797e6f4ac1","dev":"cpu","at":1795477714333251,"start":1795477714452088,"end":1795477714452981,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":1207000}}],"same":true}');
INSERT INTO "jobs" VALUES(20,4,1,1,-1,0,20,X'01A20ACFD0A3799C8713B2CB8B6F757D','tasks','{"tasks":{"total":1000,"wait":"1-999","active":1},"reason":"Tasks","since":1795477721535244,"sub":1795477721535212,"start":1795477721535244}');
INSERT INTO "jobs" VALUES(21,2,1,2,0,20,20,X'01A20ACFD0A3799C8713B2CB8B6F757D','tasks','{"reason":"Priority","detail":"others stand before it","since":1795477722566824,"sub":1795477721535212,"until":1795477722566824,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20acf-2f84-745e-800e-a7797e6f4ac1","dev":"cpu","ahead":true,"at":1795477721535244,"end":1795477722566758,"res":{"state":"cancelled","reason":"Requeuing","msg":"ended before it began"}}]}');
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
INSERT INTO "workers" VALUES('w1','{"name":"w1","incarnation":"01a20acf-2f84-745e-800e-a7797e6f4ac1","machine":{"hostname":"vm","version":"(devel)","os":"linux","arch":"amd64","cpu_model":"AMD EPYC","cpus":2,"memory_bytes":4294967296,"offers":[{"type":"exec","devices":["cpu","gpu"]},{"type":"image","devices":["cpu","gpu"]},{"type":"infer","devices":["cpu"]},{"type":"kernel","devices":["gpu"]},{"type":"matmul","devices":["cpu","gpu"]},{"type":"noop","devices":["cpu","gpu"]},{"type":"train","devices":["cpu"]},{"type":"vecadd","devices":["cpu","gpu"]}],"isolation":"cgroup v2 kill + v1 limits (memory, pids, cpu), jobs as root","boot_id":"a7855a09-516c-4c38-adc5-1979fe1724fc","messages":{"oldest":3,"newest":4}},"state":"ready","since":"2026-11-23T23:48:00.505618Z","seen_at":"2026-11-23T23:48:00.505618Z","cpus_used":0,"memory_used_bytes":0,"job_count":0}');
CREATE UNIQUE INDEX jobs_id ON jobs (id, idx);
CREATE INDEX jobs_parent ON jobs (parent, number) WHERE parent <> 0;
CREATE UNIQUE INDEX logs_start ON logs (job, attempt, start);
CREATE INDEX jobs_live ON jobs (live, number) WHERE live <> 0;
DELETE FROM "sqlite_sequence";
COMMIT;
PRAGMA user_version = 3;
