-- made by scripts/schema-fixture c26a45a43e sqlite
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
);
INSERT INTO "head" VALUES(1,1,55,22);
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
INSERT INTO "jobs" VALUES(1,6,0,1,-1,0,1,X'01A2095F74287D3C824322916BB4E9AF','hello','{"reason":"Completed","since":1795453580363509,"sub":1795453580332792,"start":1795453580361526,"end":1795453580363509,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095f-731d-75e9-932d-7bd3c4c11995","dev":"cpu","at":1795453580332808,"start":1795453580361526,"end":1795453580363341,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","log":12,"user":1040000},"log":12}],"same":true}');
INSERT INTO "jobs" VALUES(2,7,2,1,-1,0,2,X'01A2095F747D7161835CE1490641C236','ünder','{"reason":"ExitCode","detail":"exit code 3","since":1795453580430613,"sub":1795453580416283,"start":1795453580430201,"end":1795453580430613,"fail":1,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095f-731d-75e9-932d-7bd3c4c11995","dev":"cpu","at":1795453580416299,"start":1795453580430201,"end":1795453580430389,"res":{"state":"failed","reason":"ExitCode","msg":"exit code 3","again":true,"exit":3,"dev":"cpu","log":3,"user":962000},"log":3}],"same":true}');
INSERT INTO "jobs" VALUES(3,7,2,1,-1,0,3,X'01A2095F74D876B0A17549427DF5DE33','retried','{"reason":"ExitCode","detail":"exit code 4","since":1795453581539596,"sub":1795453580506264,"start":1795453580517774,"end":1795453581539596,"fail":2,"n":2,"runs":[{"n":1,"worker":"w1","inc":"01a2095f-731d-75e9-932d-7bd3c4c11995","dev":"cpu","at":1795453580506277,"start":1795453580517774,"end":1795453580533302,"res":{"state":"failed","reason":"ExitCode","msg":"exit code 4","again":true,"exit":4,"dev":"cpu","sys":1184000}},{"n":2,"worker":"w1","inc":"01a2095f-731d-75e9-932d-7bd3c4c11995","dev":"cpu","at":1795453581534351,"start":1795453581539282,"end":1795453581539374,"res":{"state":"failed","reason":"ExitCode","msg":"exit code 4","again":true,"exit":4,"dev":"cpu","user":1013000}}],"same":true}');
INSERT INTO "jobs" VALUES(4,4,1,1,-1,0,4,X'01A2095F79297781A16E4B96968D883A','runs','{"reason":"Running","detail":"on w1","since":1795453581650028,"sub":1795453581612783,"start":1795453581641566,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095f-731d-75e9-932d-7bd3c4c11995","dev":"cpu","at":1795453581612859,"start":1795453581641566}]}');
INSERT INTO "jobs" VALUES(5,1,1,1,-1,0,5,X'01A2095F79787309B45176251C5E30E1','held','{"reason":"Held","detail":"held; release it to let it run","since":1795453581691758,"sub":1795453581691758}');
INSERT INTO "jobs" VALUES(6,2,1,1,-1,0,6,X'01A2095F79957EB19B56B05DCD5F8F8F','later','{"reason":"Dependency","detail":"waits for 1 other jobs to end","since":1795453581723856,"sub":1795453581723856}');
INSERT INTO "jobs" VALUES(7,8,2,1,-1,0,7,X'01A2095F79C37683B5500C27072AAAB9','cancelled','{"reason":"Cancelled","detail":"cancelled by root","since":1795453581798847,"sub":1795453581767310,"end":1795453581798847}');
INSERT INTO "jobs" VALUES(8,8,2,1,-1,0,8,X'01A2095F79FE7DC592A7F2BBC80DF063','killed','{"reason":"Cancelled","detail":"stopped","since":1795453583881332,"sub":1795453581829308,"start":1795453581857435,"end":1795453583881332,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095f-731d-75e9-932d-7bd3c4c11995","dev":"cpu","at":1795453581829324,"start":1795453581857435,"end":1795453583881133,"res":{"state":"cancelled","reason":"Cancelled","msg":"stopped","again":true,"exit":143,"sig":"TERM","dev":"cpu","sys":1336000}}],"same":true}');
INSERT INTO "jobs" VALUES(9,6,0,1,-1,0,9,X'01A2095F821E78E487CBD6FABAC5BB34','array','{"tasks":{"total":10,"active":0,"ended":{"succeeded":10}},"reason":"Completed","detail":"10 of 10 tasks succeeded","since":1795453583990454,"sub":1795453583904877,"start":1795453583904907,"end":1795453583990454}');
INSERT INTO "jobs" VALUES(10,6,0,2,0,9,9,X'01A2095F821E78E487CBD6FABAC5BB34','array','{"reason":"Completed","since":1795453583917775,"sub":1795453583904877,"start":1795453583917560,"end":1795453583917775,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095f-731d-75e9-932d-7bd3c4c11995","dev":"cpu","at":1795453583904907,"start":1795453583917560,"end":1795453583917608,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":859000}}],"same":true}');
INSERT INTO "jobs" VALUES(11,6,0,2,1,9,9,X'01A2095F821E78E487CBD6FABAC5BB34','array','{"task":1,"reason":"Completed","since":1795453583921894,"sub":1795453583904877,"start":1795453583921764,"end":1795453583921894,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095f-731d-75e9-932d-7bd3c4c11995","dev":"cpu","at":1795453583917791,"start":1795453583921764,"end":1795453583921775,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":982000}}],"same":true}');
INSERT INTO "jobs" VALUES(12,6,0,2,2,9,9,X'01A2095F821E78E487CBD6FABAC5BB34','array','{"task":2,"reason":"Completed","since":1795453583925152,"sub":1795453583904877,"start":1795453583925031,"end":1795453583925152,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095f-731d-75e9-932d-7bd3c4c11995","dev":"cpu","at":1795453583921907,"start":1795453583925031,"end":1795453583925043,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":747000}}],"same":true}');
INSERT INTO "jobs" VALUES(13,6,0,2,3,9,9,X'01A2095F821E78E487CBD6FABAC5BB34','array','{"task":3,"reason":"Completed","since":1795453583930849,"sub":1795453583904877,"start":1795453583930685,"end":1795453583930849,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095f-731d-75e9-932d-7bd3c4c11995","dev":"cpu","at":1795453583925163,"start":1795453583930685,"end":1795453583930719,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":776000}}],"same":true}');
INSERT INTO "jobs" VALUES(14,6,0,2,4,9,9,X'01A2095F821E78E487CBD6FABAC5BB34','array','{"task":4,"reason":"Completed","since":1795453583937989,"sub":1795453583904877,"start":1795453583937866,"end":1795453583937989,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095f-731d-75e9-932d-7bd3c4c11995","dev":"cpu","at":1795453583930863,"start":1795453583937866,"end":1795453583937874,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":882000}}],"same":true}');
INSERT INTO "jobs" VALUES(15,6,0,2,5,9,9,X'01A2095F821E78E487CBD6FABAC5BB34','array','{"task":5,"reason":"Completed","since":1795453583949019,"sub":1795453583904877,"start":1795453583948769,"end":1795453583949019,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095f-731d-75e9-932d-7bd3c4c11995","dev":"cpu","at":1795453583938006,"start":1795453583948769,"end":1795453583948808,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":985000}}],"same":true}');
INSERT INTO "jobs" VALUES(16,6,0,2,6,9,9,X'01A2095F821E78E487CBD6FABAC5BB34','array','{"task":6,"reason":"Completed","since":1795453583956679,"sub":1795453583904877,"start":1795453583953882,"end":1795453583956679,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095f-731d-75e9-932d-7bd3c4c11995","dev":"cpu","at":1795453583949080,"start":1795453583953882,"end":1795453583956531,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":943000}}],"same":true}');
INSERT INTO "jobs" VALUES(17,6,0,2,7,9,9,X'01A2095F821E78E487CBD6FABAC5BB34','array','{"task":7,"reason":"Completed","since":1795453583965230,"sub":1795453583904877,"start":1795453583965020,"end":1795453583965230,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095f-731d-75e9-932d-7bd3c4c11995","dev":"cpu","at":1795453583956700,"start":1795453583965020,"end":1795453583965040,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":1047000}}],"same":true}');
INSERT INTO "jobs" VALUES(18,6,0,2,8,9,9,X'01A2095F821E78E487CBD6FABAC5BB34','array','{"task":8,"reason":"Completed","since":1795453583975778,"sub":1795453583904877,"start":1795453583975559,"end":1795453583975778,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095f-731d-75e9-932d-7bd3c4c11995","dev":"cpu","at":1795453583965260,"start":1795453583975559,"end":1795453583975576,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":1032000}}],"same":true}');
INSERT INTO "jobs" VALUES(19,6,0,2,9,9,9,X'01A2095F821E78E487CBD6FABAC5BB34','array','{"task":9,"reason":"Completed","since":1795453583990454,"sub":1795453583904877,"start":1795453583978220,"end":1795453583990454,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095f-731d-75e9-932d-7bd3c4c11995","dev":"cpu","at":1795453583965260,"start":1795453583978220,"end":1795453583979312,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":883000}}],"same":true}');
INSERT INTO "jobs" VALUES(20,4,1,1,-1,0,20,X'01A2095F829C73EEA4C767FE29E12E65','tasks','{"tasks":{"total":1000,"wait":"1-999","active":1},"reason":"Tasks","since":1795453584029698,"sub":1795453584029678,"start":1795453584029698}');
INSERT INTO "jobs" VALUES(21,2,1,2,0,20,20,X'01A2095F829C73EEA4C767FE29E12E65','tasks','{"reason":"Priority","detail":"others stand before it","since":1795453585030760,"sub":1795453584029678,"until":1795453585030760,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095f-731d-75e9-932d-7bd3c4c11995","dev":"cpu","ahead":true,"at":1795453584029698,"end":1795453585030605,"res":{"state":"cancelled","reason":"Requeuing","msg":"ended before it began"}}]}');
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
INSERT INTO "workers" VALUES('w1','{"name":"w1","incarnation":"01a2095f-731d-75e9-932d-7bd3c4c11995","machine":{"hostname":"vm","version":"(devel)","os":"linux","arch":"amd64","cpu_model":"AMD EPYC","cpus":2,"memory_bytes":4294967296,"offers":[{"type":"exec","devices":["cpu","gpu"]},{"type":"image","devices":["cpu"]},{"type":"infer","devices":["cpu"]},{"type":"matmul","devices":["cpu"]},{"type":"noop","devices":["cpu","gpu"]},{"type":"train","devices":["cpu"]},{"type":"vecadd","devices":["cpu"]}],"isolation":"cgroup v2 kill + v1 limits (memory, pids, cpu)","boot_id":"a7855a09-516c-4c38-adc5-1979fe1724fc","messages":{"oldest":3,"newest":4}},"state":"ready","since":"2026-11-23T17:06:20.110777Z","seen_at":"2026-11-23T17:06:20.110777Z","cpus_used":0,"memory_used_bytes":0,"job_count":0}');
CREATE UNIQUE INDEX jobs_id ON jobs (id, idx);
CREATE INDEX jobs_live ON jobs (live, number) WHERE live <> 0;
CREATE INDEX jobs_parent ON jobs (parent, number) WHERE parent <> 0;
CREATE UNIQUE INDEX logs_start ON logs (job, attempt, start);
DELETE FROM "sqlite_sequence";
COMMIT;
PRAGMA user_version = 2;
