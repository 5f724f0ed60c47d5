-- made by scripts/schema-fixture 38f47a78ff sqlite
BEGIN TRANSACTION;
CREATE TABLE counts (
  block INTEGER NOT NULL,
  kind  INTEGER NOT NULL,
  state INTEGER NOT NULL,
  n     INTEGER NOT NULL,
  PRIMARY KEY (block, kind, state)
) WITHOUT ROWID;
INSERT INTO "counts" VALUES(-1,1,1,1);
INSERT INTO "counts" VALUES(-1,1,2,1001);
INSERT INTO "counts" VALUES(-1,1,3,0);
INSERT INTO "counts" VALUES(-1,1,4,1);
INSERT INTO "counts" VALUES(-1,1,5,0);
INSERT INTO "counts" VALUES(-1,1,6,1);
INSERT INTO "counts" VALUES(-1,1,7,2);
INSERT INTO "counts" VALUES(-1,1,8,2);
INSERT INTO "counts" VALUES(-1,2,3,0);
INSERT INTO "counts" VALUES(-1,2,4,0);
INSERT INTO "counts" VALUES(-1,2,6,10);
INSERT INTO "counts" VALUES(0,1,1,1);
INSERT INTO "counts" VALUES(0,1,2,2);
INSERT INTO "counts" VALUES(0,1,3,0);
INSERT INTO "counts" VALUES(0,1,4,1);
INSERT INTO "counts" VALUES(0,1,5,0);
INSERT INTO "counts" VALUES(0,1,6,2);
INSERT INTO "counts" VALUES(0,1,7,2);
INSERT INTO "counts" VALUES(0,1,8,2);
INSERT INTO "counts" VALUES(0,2,3,0);
INSERT INTO "counts" VALUES(0,2,4,0);
INSERT INTO "counts" VALUES(0,2,6,10);
CREATE TABLE head (
  one      INTEGER PRIMARY KEY CHECK (one = 1),
  term     INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  next     INTEGER NOT NULL
);
INSERT INTO "head" VALUES(1,1,65,21);
CREATE TABLE jobs (
  number INTEGER PRIMARY KEY,
  state  INTEGER NOT NULL, -- see codes in sqlstore/record.go
  live   INTEGER NOT NULL, -- 1 until it has ended
  kind   INTEGER NOT NULL,
  idx    INTEGER NOT NULL, -- a task's index, as in its id; -1: no task
  parent INTEGER NOT NULL, -- the array's number; 0: no task
  spec   INTEGER NOT NULL, -- whose spec in specs: its own or its array's
  id     BLOB    NOT NULL, -- see sqlstore/id.go
  name   TEXT    NOT NULL, -- lower case, for searching only
  status TEXT    NOT NULL  -- see record in sqlstore/record.go
);
INSERT INTO "jobs" VALUES(1,6,0,1,-1,0,1,X'01A2095C40B678C0872F1894850B8D5F','hello','{"reason":"Completed","since":1795453370639162,"sub":1795453370554845,"start":1795453370634670,"end":1795453370639162,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095c-403f-773d-b585-296f3a26f5fc","dev":"cpu","at":1795453370554861,"start":1795453370634670,"end":1795453370638632,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","log":12,"user":1073000,"mem":19857408},"log":12}],"same":true}');
INSERT INTO "jobs" VALUES(2,7,0,1,-1,0,2,X'01A2095C412F7B76BC70355C0726FBBA','ünder','{"reason":"ExitCode","detail":"exit code 3","since":1795453370826841,"sub":1795453370673647,"start":1795453370795809,"end":1795453370826841,"fail":1,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095c-403f-773d-b585-296f3a26f5fc","dev":"cpu","at":1795453370673663,"start":1795453370795809,"end":1795453370826699,"res":{"state":"failed","reason":"ExitCode","msg":"exit code 3","again":true,"exit":3,"dev":"cpu","log":3,"user":1131000,"mem":19726336},"log":3}],"same":true}');
INSERT INTO "jobs" VALUES(3,7,0,1,-1,0,3,X'01A2095C41E379B5AFA5510D0BC3E5E9','retried','{"reason":"ExitCode","detail":"exit code 4","since":1795453372087583,"sub":1795453370869597,"start":1795453370958324,"end":1795453372087583,"fail":2,"n":2,"runs":[{"n":1,"worker":"w1","inc":"01a2095c-403f-773d-b585-296f3a26f5fc","dev":"cpu","at":1795453370869609,"start":1795453370958324,"end":1795453370967553,"res":{"state":"failed","reason":"ExitCode","msg":"exit code 4","again":true,"exit":4,"dev":"cpu","user":893000,"mem":19857408}},{"n":2,"worker":"w1","inc":"01a2095c-403f-773d-b585-296f3a26f5fc","dev":"cpu","at":1795453371989533,"start":1795453372061868,"end":1795453372087455,"res":{"state":"failed","reason":"ExitCode","msg":"exit code 4","again":true,"exit":4,"dev":"cpu","user":1078000,"mem":19595264}}],"same":true}');
INSERT INTO "jobs" VALUES(4,4,1,1,-1,0,4,X'01A2095C46C87B43BF33981D04B67D76','runs','{"reason":"Running","detail":"on w1","since":1795453372244699,"sub":1795453372107420,"start":1795453372244486,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095c-403f-773d-b585-296f3a26f5fc","dev":"cpu","at":1795453372107432,"start":1795453372244486}]}');
INSERT INTO "jobs" VALUES(5,1,1,1,-1,0,5,X'01A2095C46EA7805B57BE4CB766B3BFC','held','{"reason":"Held","detail":"held; release it to let it run","since":1795453372144390,"sub":1795453372144390}');
INSERT INTO "jobs" VALUES(6,2,1,1,-1,0,6,X'01A2095C47467D3AB18A9B747A378C9C','later','{"reason":"Dependency","detail":"waits for 1 other jobs to end","since":1795453372233073,"sub":1795453372233073}');
INSERT INTO "jobs" VALUES(7,8,0,1,-1,0,7,X'01A2095C47AE750EA81DDACA24D5F48F','cancelled','{"reason":"Cancelled","detail":"cancelled by root","since":1795453372355054,"sub":1795453372335864,"end":1795453372355054}');
INSERT INTO "jobs" VALUES(8,8,0,1,-1,0,8,X'01A2095C47D679EAB6271FE718B941A7','killed','{"reason":"Cancelled","detail":"stopped","since":1795453374414506,"sub":1795453372381822,"start":1795453372442469,"end":1795453374414506,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095c-403f-773d-b585-296f3a26f5fc","dev":"cpu","at":1795453372381836,"start":1795453372442469,"end":1795453374414423,"res":{"state":"cancelled","reason":"Cancelled","msg":"stopped","again":true,"exit":143,"sig":"TERM","dev":"cpu","user":1447000,"mem":19791872}}],"same":true}');
INSERT INTO "jobs" VALUES(9,6,0,1,-1,0,9,X'01A2095C4FDD7401A39C3064558B3F90','array','{"tasks":{"total":10,"active":0,"ended":{"succeeded":10}},"reason":"Completed","detail":"10 of 10 tasks succeeded","since":1795453375758727,"sub":1795453374432323,"start":1795453374432339,"end":1795453375758727}');
INSERT INTO "jobs" VALUES(10,6,0,2,0,9,9,X'01A2095C4FDD7401A39C3064558B3F90','array','{"reason":"Completed","since":1795453374548204,"sub":1795453374432323,"start":1795453374544772,"end":1795453374548204,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095c-403f-773d-b585-296f3a26f5fc","dev":"cpu","at":1795453374432339,"start":1795453374544772,"end":1795453374548060,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":1087000,"mem":19595264}}],"same":true}');
INSERT INTO "jobs" VALUES(11,6,0,2,1,9,9,X'01A2095C4FDD7401A39C3064558B3F90','array','{"task":1,"reason":"Completed","since":1795453374648897,"sub":1795453374432323,"start":1795453374617808,"end":1795453374648897,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095c-403f-773d-b585-296f3a26f5fc","dev":"cpu","at":1795453374548220,"start":1795453374617808,"end":1795453374648669,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":890000,"mem":19726336}}],"same":true}');
INSERT INTO "jobs" VALUES(12,6,0,2,2,9,9,X'01A2095C4FDD7401A39C3064558B3F90','array','{"task":2,"reason":"Completed","since":1795453374771736,"sub":1795453374432323,"start":1795453374743094,"end":1795453374771736,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095c-403f-773d-b585-296f3a26f5fc","dev":"cpu","at":1795453374648921,"start":1795453374743094,"end":1795453374771521,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":1006000,"mem":19922944}}],"same":true}');
INSERT INTO "jobs" VALUES(13,6,0,2,3,9,9,X'01A2095C4FDD7401A39C3064558B3F90','array','{"task":3,"reason":"Completed","since":1795453374878794,"sub":1795453374432323,"start":1795453374864494,"end":1795453374878794,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095c-403f-773d-b585-296f3a26f5fc","dev":"cpu","at":1795453374771753,"start":1795453374864494,"end":1795453374878648,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":875000,"mem":19791872}}],"same":true}');
INSERT INTO "jobs" VALUES(14,6,0,2,4,9,9,X'01A2095C4FDD7401A39C3064558B3F90','array','{"task":4,"reason":"Completed","since":1795453374981841,"sub":1795453374432323,"start":1795453374980467,"end":1795453374981841,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095c-403f-773d-b585-296f3a26f5fc","dev":"cpu","at":1795453374878813,"start":1795453374980467,"end":1795453374981684,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":794000,"mem":19595264}}],"same":true}');
INSERT INTO "jobs" VALUES(15,6,0,2,5,9,9,X'01A2095C4FDD7401A39C3064558B3F90','array','{"task":5,"reason":"Completed","since":1795453375160591,"sub":1795453374432323,"start":1795453375146407,"end":1795453375160591,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095c-403f-773d-b585-296f3a26f5fc","dev":"cpu","at":1795453374981853,"start":1795453375146407,"end":1795453375160453,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":934000,"mem":19791872}}],"same":true}');
INSERT INTO "jobs" VALUES(16,6,0,2,6,9,9,X'01A2095C4FDD7401A39C3064558B3F90','array','{"task":6,"reason":"Completed","since":1795453375414243,"sub":1795453374432323,"start":1795453375407581,"end":1795453375414243,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095c-403f-773d-b585-296f3a26f5fc","dev":"cpu","at":1795453375160604,"start":1795453375407581,"end":1795453375414153,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":888000,"mem":19595264}}],"same":true}');
INSERT INTO "jobs" VALUES(17,6,0,2,7,9,9,X'01A2095C4FDD7401A39C3064558B3F90','array','{"task":7,"reason":"Completed","since":1795453375529987,"sub":1795453374432323,"start":1795453375487699,"end":1795453375529987,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095c-403f-773d-b585-296f3a26f5fc","dev":"cpu","at":1795453375414256,"start":1795453375487699,"end":1795453375529842,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":810000,"mem":19857408}}],"same":true}');
INSERT INTO "jobs" VALUES(18,6,0,2,8,9,9,X'01A2095C4FDD7401A39C3064558B3F90','array','{"task":8,"reason":"Completed","since":1795453375683465,"sub":1795453374432323,"start":1795453375673168,"end":1795453375683465,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095c-403f-773d-b585-296f3a26f5fc","dev":"cpu","at":1795453375530006,"start":1795453375673168,"end":1795453375683301,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","sys":887000,"mem":19988480}}],"same":true}');
INSERT INTO "jobs" VALUES(19,6,0,2,9,9,9,X'01A2095C4FDD7401A39C3064558B3F90','array','{"task":9,"reason":"Completed","since":1795453375758727,"sub":1795453374432323,"start":1795453375742804,"end":1795453375758727,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095c-403f-773d-b585-296f3a26f5fc","dev":"cpu","at":1795453375683488,"start":1795453375742804,"end":1795453375758522,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":856000,"mem":19857408}}],"same":true}');
INSERT INTO "jobs" VALUES(20,2,1,1,-1,0,20,X'01A2095C552974069701F7F436D0A45B','tasks','{"tasks":{"total":1000,"wait":"0-999","active":0},"reason":"Resources","detail":"first in line: asks for 2 CPUs, most free is 1 CPUs of 2 CPUs on w1","since":1795453375787640,"sub":1795453375787623}');
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
INSERT INTO "workers" VALUES('w1','{"name":"w1","incarnation":"01a2095c-403f-773d-b585-296f3a26f5fc","machine":{"hostname":"vm","version":"(devel)","os":"linux","arch":"amd64","cpu_model":"AMD EPYC","cpus":2,"memory_bytes":4294967296,"offers":[{"type":"exec","devices":["cpu","gpu"]},{"type":"matmul","devices":["cpu"]},{"type":"noop","devices":["cpu","gpu"]},{"type":"vecadd","devices":["cpu"]}],"isolation":"cgroup v2 kill + v1 limits (memory, pids, cpu)","boot_id":"a7855a09-516c-4c38-adc5-1979fe1724fc"},"state":"ready","since":"2026-11-23T17:02:50.537543Z","seen_at":"2026-11-23T17:02:50.537552Z","cpus_used":0,"memory_used_bytes":0,"job_count":0}');
CREATE UNIQUE INDEX jobs_id ON jobs (id, idx);
CREATE INDEX jobs_live ON jobs (number) WHERE live = 1;
CREATE INDEX jobs_parent ON jobs (parent, number) WHERE parent <> 0;
CREATE UNIQUE INDEX logs_start ON logs (job, attempt, start);
COMMIT;
PRAGMA user_version = 1;
