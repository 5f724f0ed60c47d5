-- made by scripts/schema-fixture a9e177f797 postgres
--
-- PostgreSQL database dump
--


-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: counts; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.counts (
    block bigint NOT NULL,
    kind bigint NOT NULL,
    state bigint NOT NULL,
    n bigint NOT NULL
)
WITH (fillfactor='50');


--
-- Name: events; Type: TABLE; Schema: public; Owner: -
--

CREATE UNLOGGED TABLE public.events (
    last bigint NOT NULL,
    n bigint NOT NULL,
    data bytea NOT NULL
);


--
-- Name: head; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.head (
    one integer NOT NULL,
    term bigint NOT NULL,
    revision bigint NOT NULL,
    next bigint NOT NULL,
    CONSTRAINT head_one_check CHECK ((one = 1))
)
WITH (fillfactor='10');


--
-- Name: jobs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.jobs (
    number bigint NOT NULL,
    idx bigint NOT NULL,
    parent bigint NOT NULL,
    spec bigint NOT NULL,
    kind integer NOT NULL,
    state smallint NOT NULL,
    live smallint NOT NULL,
    id bytea NOT NULL,
    name text NOT NULL,
    status text NOT NULL
)
WITH (fillfactor='60');


--
-- Name: kinds; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.kinds (
    kind bigint NOT NULL,
    queue text NOT NULL,
    usr text NOT NULL,
    type text NOT NULL,
    task bigint NOT NULL
);


--
-- Name: lead; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.lead (
    one integer NOT NULL,
    holder text NOT NULL,
    until timestamp with time zone NOT NULL,
    CONSTRAINT lead_one_check CHECK ((one = 1))
)
WITH (fillfactor='10');


--
-- Name: logs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.logs (
    job bigint NOT NULL,
    attempt bigint NOT NULL,
    start bigint NOT NULL,
    stop bigint NOT NULL,
    data bytea NOT NULL
);


--
-- Name: schema_version; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.schema_version (
    version integer NOT NULL
);


--
-- Name: specs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.specs (
    number bigint NOT NULL,
    spec text NOT NULL
);


--
-- Name: workers; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.workers (
    name text NOT NULL,
    worker text NOT NULL
)
WITH (fillfactor='50');


--
-- Data for Name: counts; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.counts VALUES (-1, 1, 6, 1);
INSERT INTO public.counts VALUES (-1, 1, 7, 2);
INSERT INTO public.counts VALUES (0, 1, 7, 2);
INSERT INTO public.counts VALUES (0, 1, 2, 1);
INSERT INTO public.counts VALUES (-1, 1, 1, 1);
INSERT INTO public.counts VALUES (0, 1, 1, 1);
INSERT INTO public.counts VALUES (-1, 2, 6, 10);
INSERT INTO public.counts VALUES (-1, 1, 3, 0);
INSERT INTO public.counts VALUES (0, 1, 6, 2);
INSERT INTO public.counts VALUES (0, 1, 3, 0);
INSERT INTO public.counts VALUES (-1, 1, 4, 1);
INSERT INTO public.counts VALUES (0, 2, 6, 10);
INSERT INTO public.counts VALUES (-1, 1, 5, 0);
INSERT INTO public.counts VALUES (-1, 1, 8, 2);
INSERT INTO public.counts VALUES (0, 1, 5, 0);
INSERT INTO public.counts VALUES (0, 1, 8, 2);
INSERT INTO public.counts VALUES (-1, 1, 2, 1000);
INSERT INTO public.counts VALUES (0, 1, 4, 2);
INSERT INTO public.counts VALUES (-1, 2, 2, 1);
INSERT INTO public.counts VALUES (-1, 2, 3, 0);
INSERT INTO public.counts VALUES (0, 2, 2, 1);
INSERT INTO public.counts VALUES (0, 2, 3, 0);


--
-- Data for Name: events; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.events VALUES (2, 1, '\x01060568656c6c6f0764656661756c740465786563087374617274696e670841737369676e656402773101020000000102030405babcf9fe92bdb006');
INSERT INTO public.events VALUES (3, 1, '\x01060568656c6c6f0764656661756c7404657865630973756363656564656409436f6d706c6574656402773101020000000102030405b8b0fdfe92bdb006');
INSERT INTO public.events VALUES (4, 1, '\x010606c3bc6e6465720764656661756c740465786563087374617274696e670841737369676e656402773101040000000102030405cca78fff92bdb006');
INSERT INTO public.events VALUES (5, 1, '\x010606c3bc6e6465720764656661756c740465786563066661696c65640845786974436f646502773101040000000102030405de9f92ff92bdb006');
INSERT INTO public.events VALUES (6, 1, '\x010607726574726965640764656661756c740465786563087374617274696e670841737369676e656402773101060000000102030405bede9aff92bdb006');
INSERT INTO public.events VALUES (7, 1, '\x010607726574726965640764656661756c74046578656306717565756564074261636b6f666602773101060000000102030405aca89bff92bdb006');
INSERT INTO public.events VALUES (8, 1, '\x010607726574726965640764656661756c740465786563087374617274696e670841737369676e656402773101060000000102030405eab9958093bdb006');
INSERT INTO public.events VALUES (9, 1, '\x010607726574726965640764656661756c740465786563066661696c65640845786974436f646502773101060000000102030405b080968093bdb006');
INSERT INTO public.events VALUES (10, 1, '\x01060472756e730764656661756c740465786563087374617274696e670841737369676e656402773101080000000102030405dc869d8093bdb006');
INSERT INTO public.events VALUES (11, 1, '\x01060472756e730764656661756c7404657865630772756e6e696e670752756e6e696e6702773101080000000102030405fae2a08093bdb006');
INSERT INTO public.events VALUES (12, 1, '\x01050468656c640764656661756c7404657865630448656c6400010a0000000102000304e2d8a58093bdb006');
INSERT INTO public.events VALUES (13, 1, '\x0106056c617465720764656661756c740465786563067175657565640a446570656e64656e637900010c0000000102030405e8bdac8093bdb006');
INSERT INTO public.events VALUES (14, 1, '\x01060963616e63656c6c65640764656661756c7404657865630468656c640448656c6400010e0000000102030405a0c1b38093bdb006');
INSERT INTO public.events VALUES (15, 1, '\x01050963616e63656c6c65640764656661756c7404657865630943616e63656c6c656400010e0000000102000304a0a4b98093bdb006');
INSERT INTO public.events VALUES (16, 1, '\x0106066b696c6c65640764656661756c740465786563087374617274696e670841737369676e6564027731011000000001020304059c8dbe8093bdb006');
INSERT INTO public.events VALUES (17, 1, '\x0106066b696c6c65640764656661756c7404657865630772756e6e696e670752756e6e696e6702773101100000000102030405a888c18093bdb006');
INSERT INTO public.events VALUES (18, 1, '\x0106066b696c6c65640764656661756c7404657865630873746f7070696e670a43616e63656c6c696e6702773101100000000102030405bea8c68293bdb006');
INSERT INTO public.events VALUES (19, 1, '\x0106066b696c6c65640764656661756c7404657865630963616e63656c6c65640943616e63656c6c656402773101100000000102030405e6f9c98293bdb006');
INSERT INTO public.events VALUES (21, 2, '\x01090561727261790764656661756c7404657865630772756e6e696e67055461736b7300087374617274696e670841737369676e65640277310212000000010203040588b7d18293bdb00602120000010206070800');
INSERT INTO public.events VALUES (24, 3, '\x010b0561727261790764656661756c7404657865630973756363656564656409436f6d706c657465640277310772756e6e696e67055461736b7300087374617274696e670841737369676e656403141200000102030405a2a3da8293bdb0060100000001020607081a041202000102090a0500');
INSERT INTO public.events VALUES (27, 3, '\x010b0561727261790764656661756c7404657865630973756363656564656409436f6d706c657465640277310772756e6e696e67055461736b7300087374617274696e670841737369676e656403161202000102030405e0e7da8293bdb00603000000010206070834061204000102090a0500');
INSERT INTO public.events VALUES (30, 3, '\x010b0561727261790764656661756c7404657865630973756363656564656409436f6d706c657465640277310772756e6e696e67055461736b7300087374617274696e670841737369676e656403181204000102030405c2aadb8293bdb0060500000001020607081c081206000102090a0500');
INSERT INTO public.events VALUES (33, 3, '\x010b0561727261790764656661756c7404657865630973756363656564656409436f6d706c657465640277310772756e6e696e67055461736b7300087374617274696e670841737369676e6564031a1206000102030405fee9db8293bdb0060700000001020607081c0a1208000102090a0500');
INSERT INTO public.events VALUES (36, 3, '\x010b0561727261790764656661756c7404657865630973756363656564656409436f6d706c657465640277310772756e6e696e67055461736b7300087374617274696e670841737369676e6564031c1208000102030405d6ecdc8293bdb006090000000102060708240c120a000102090a0500');
INSERT INTO public.events VALUES (39, 3, '\x010b0561727261790764656661756c7404657865630973756363656564656409436f6d706c657465640277310772756e6e696e67055461736b7300087374617274696e670841737369676e6564031e120a000102030405b4a4dd8293bdb0060b0000000102060708200e120c000102090a0500');
INSERT INTO public.events VALUES (43, 4, '\x010b0561727261790764656661756c7404657865630973756363656564656409436f6d706c657465640277310772756e6e696e67055461736b7300087374617274696e670841737369676e65640420120c000102030405bad1dd8293bdb0060d00000001020607082610120e000102090a0500021210000102090a0500');
INSERT INTO public.events VALUES (47, 4, '\x010b0561727261790764656661756c7404657865630973756363656564656409436f6d706c657465640277310772756e6e696e67055461736b7300087374617274696e670841737369676e65640422120e0001020304058e94de8293bdb0060f0000000102060708ad42121210000102090a0500021212000102090a05ee42');
INSERT INTO public.events VALUES (50, 3, '\x010b0561727261790764656661756c7404657865630973756363656564656409436f6d706c657465640277310772756e6e696e67055461736b7300087374617274696e670841737369676e65640324121000010203040594cdde8293bdb006110000000102060708b37b141212000102090a05ee42');
INSERT INTO public.events VALUES (52, 2, '\x01070561727261790764656661756c7404657865630973756363656564656409436f6d706c657465640277310002261212000102030405e08fdf8293bdb00613000000010203040600');
INSERT INTO public.events VALUES (54, 2, '\x0109057461736b730764656661756c7404657865630772756e6e696e67055461736b7300087374617274696e670841737369676e656402773102280000000102030405dccaea8293bdb00602280000010206070800');
INSERT INTO public.events VALUES (55, 1, '\x0106057461736b730764656661756c74046578656306717565756564085072696f72697479027731012a2800000102030405e2f7e48393bdb006');


--
-- Data for Name: head; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.head VALUES (1, 1, 55, 22);


--
-- Data for Name: jobs; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.jobs VALUES (1, -1, 0, 1, 1, 6, 0, '\x01a2095e30aa727086bd1f8112093fae', 'hello', '{"reason":"Completed","since":1795453497617436,"sub":1795453497585375,"start":1795453497617230,"end":1795453497617436,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095e-302b-7e4b-a509-c56aa4bf23fe","dev":"cpu","at":1795453497585437,"start":1795453497617230,"end":1795453497617246,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","log":12,"user":1058000},"log":12}],"same":true}');
INSERT INTO public.jobs VALUES (2, -1, 0, 2, 1, 7, 2, '\x01a2095e31937598b842070b26d6d558', 'ünder', '{"reason":"ExitCode","detail":"exit code 3","since":1795453497788399,"sub":1795453497764309,"start":1795453497788050,"end":1795453497788399,"fail":1,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095e-302b-7e4b-a509-c56aa4bf23fe","dev":"cpu","at":1795453497764326,"start":1795453497788050,"end":1795453497788184,"res":{"state":"failed","reason":"ExitCode","msg":"exit code 3","again":true,"exit":3,"dev":"cpu","log":3,"user":992000},"log":3}],"same":true}');
INSERT INTO public.jobs VALUES (3, -1, 0, 3, 1, 7, 2, '\x01a2095e31ff793581904705aae681d8', 'retried', '{"reason":"ExitCode","detail":"exit code 4","since":1795453498867736,"sub":1795453497857935,"start":1795453497862132,"end":1795453498867736,"fail":2,"n":2,"runs":[{"n":1,"worker":"w1","inc":"01a2095e-302b-7e4b-a509-c56aa4bf23fe","dev":"cpu","at":1795453497857951,"start":1795453497862132,"end":1795453497862383,"res":{"state":"failed","reason":"ExitCode","msg":"exit code 4","again":true,"exit":4,"dev":"cpu","user":980000}},{"n":2,"worker":"w1","inc":"01a2095e-302b-7e4b-a509-c56aa4bf23fe","dev":"cpu","at":1795453498863221,"start":1795453498867155,"end":1795453498867559,"res":{"state":"failed","reason":"ExitCode","msg":"exit code 4","again":true,"exit":4,"dev":"cpu","user":1364000}}],"same":true}');
INSERT INTO public.jobs VALUES (4, -1, 0, 4, 1, 4, 1, '\x01a2095e362274c19d14c61f69801074', 'runs', '{"reason":"Running","detail":"on w1","since":1795453498955965,"sub":1795453498925456,"start":1795453498947428,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095e-302b-7e4b-a509-c56aa4bf23fe","dev":"cpu","at":1795453498925486,"start":1795453498947428}]}');
INSERT INTO public.jobs VALUES (5, -1, 0, 5, 1, 1, 1, '\x01a2095e366c770abed46e82299f1117', 'held', '{"reason":"Held","detail":"held; release it to let it run","since":1795453498996273,"sub":1795453498996273}');
INSERT INTO public.jobs VALUES (6, -1, 0, 6, 1, 2, 1, '\x01a2095e36a8783e988f7f7ade632b3c', 'later', '{"reason":"Dependency","detail":"waits for 1 other jobs to end","since":1795453499051892,"sub":1795453499051892}');
INSERT INTO public.jobs VALUES (7, -1, 0, 7, 1, 8, 2, '\x01a2095e36d971c386c29801851663b8', 'cancelled', '{"reason":"Cancelled","detail":"cancelled by root","since":1795453499156752,"sub":1795453499109456,"end":1795453499156752}');
INSERT INTO public.jobs VALUES (8, -1, 0, 8, 1, 8, 2, '\x01a2095e373373e88e5b0aaf4e167500', 'killed', '{"reason":"Cancelled","detail":"stopped","since":1795453501390451,"sub":1795453499196215,"start":1795453499210923,"end":1795453501390451,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095e-302b-7e4b-a509-c56aa4bf23fe","dev":"cpu","at":1795453499196238,"start":1795453499210923,"end":1795453501389781,"res":{"state":"cancelled","reason":"Cancelled","msg":"stopped","again":true,"exit":143,"sig":"TERM","dev":"cpu","user":1707000}}],"same":true}');
INSERT INTO public.jobs VALUES (10, 0, 9, 9, 2, 6, 0, '\x01a2095e40097a419860a16ec991cdf9', 'array', '{"reason":"Completed","since":1795453501524177,"sub":1795453501451695,"start":1795453501523892,"end":1795453501524177,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095e-302b-7e4b-a509-c56aa4bf23fe","dev":"cpu","at":1795453501451716,"start":1795453501523892,"end":1795453501523935,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":927000}}],"same":true}');
INSERT INTO public.jobs VALUES (11, 1, 9, 9, 2, 6, 0, '\x01a2095e40097a419860a16ec991cdf9', 'array', '{"task":1,"reason":"Completed","since":1795453501528560,"sub":1795453501451695,"start":1795453501528332,"end":1795453501528560,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095e-302b-7e4b-a509-c56aa4bf23fe","dev":"cpu","at":1795453501524190,"start":1795453501528332,"end":1795453501528348,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":946000}}],"same":true}');
INSERT INTO public.jobs VALUES (12, 2, 9, 9, 2, 6, 0, '\x01a2095e40097a419860a16ec991cdf9', 'array', '{"task":2,"reason":"Completed","since":1795453501532833,"sub":1795453501451695,"start":1795453501532677,"end":1795453501532833,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095e-302b-7e4b-a509-c56aa4bf23fe","dev":"cpu","at":1795453501528586,"start":1795453501532677,"end":1795453501532713,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","sys":1215000}}],"same":true}');
INSERT INTO public.jobs VALUES (9, -1, 0, 9, 1, 6, 0, '\x01a2095e40097a419860a16ec991cdf9', 'array', '{"tasks":{"total":10,"active":0,"ended":{"succeeded":10}},"reason":"Completed","detail":"10 of 10 tasks succeeded","since":1795453501563888,"sub":1795453501451695,"start":1795453501451716,"end":1795453501563888}');
INSERT INTO public.jobs VALUES (13, 3, 9, 9, 2, 6, 0, '\x01a2095e40097a419860a16ec991cdf9', 'array', '{"task":3,"reason":"Completed","since":1795453501536895,"sub":1795453501451695,"start":1795453501536241,"end":1795453501536895,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095e-302b-7e4b-a509-c56aa4bf23fe","dev":"cpu","at":1795453501532847,"start":1795453501536241,"end":1795453501536642,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":863000}}],"same":true}');
INSERT INTO public.jobs VALUES (14, 4, 9, 9, 2, 6, 0, '\x01a2095e40097a419860a16ec991cdf9', 'array', '{"task":4,"reason":"Completed","since":1795453501545259,"sub":1795453501451695,"start":1795453501544798,"end":1795453501545259,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095e-302b-7e4b-a509-c56aa4bf23fe","dev":"cpu","at":1795453501536909,"start":1795453501544798,"end":1795453501545093,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","sys":923000}}],"same":true}');
INSERT INTO public.jobs VALUES (15, 5, 9, 9, 2, 6, 0, '\x01a2095e40097a419860a16ec991cdf9', 'array', '{"task":5,"reason":"Completed","since":1795453501548826,"sub":1795453501451695,"start":1795453501548332,"end":1795453501548826,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095e-302b-7e4b-a509-c56aa4bf23fe","dev":"cpu","at":1795453501545277,"start":1795453501548332,"end":1795453501548609,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","sys":841000}}],"same":true}');
INSERT INTO public.jobs VALUES (16, 6, 9, 9, 2, 6, 0, '\x01a2095e40097a419860a16ec991cdf9', 'array', '{"task":6,"reason":"Completed","since":1795453501551709,"sub":1795453501451695,"start":1795453501551309,"end":1795453501551709,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095e-302b-7e4b-a509-c56aa4bf23fe","dev":"cpu","at":1795453501548842,"start":1795453501551309,"end":1795453501551587,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":774000}}],"same":true}');
INSERT INTO public.jobs VALUES (17, 7, 9, 9, 2, 6, 0, '\x01a2095e40097a419860a16ec991cdf9', 'array', '{"task":7,"reason":"Completed","since":1795453501555975,"sub":1795453501451695,"start":1795453501555474,"end":1795453501555975,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095e-302b-7e4b-a509-c56aa4bf23fe","dev":"cpu","at":1795453501551728,"start":1795453501555474,"end":1795453501555818,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":1086000}}],"same":true}');
INSERT INTO public.jobs VALUES (18, 8, 9, 9, 2, 6, 0, '\x01a2095e40097a419860a16ec991cdf9', 'array', '{"task":8,"reason":"Completed","since":1795453501559626,"sub":1795453501451695,"start":1795453501559154,"end":1795453501559626,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095e-302b-7e4b-a509-c56aa4bf23fe","dev":"cpu","at":1795453501551728,"start":1795453501559154,"end":1795453501559499,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":785000}}],"same":true}');
INSERT INTO public.jobs VALUES (19, 9, 9, 9, 2, 6, 0, '\x01a2095e40097a419860a16ec991cdf9', 'array', '{"task":9,"reason":"Completed","since":1795453501563888,"sub":1795453501451695,"start":1795453501563394,"end":1795453501563888,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095e-302b-7e4b-a509-c56aa4bf23fe","dev":"cpu","at":1795453501556007,"start":1795453501563394,"end":1795453501563783,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":880000}}],"same":true}');
INSERT INTO public.jobs VALUES (20, -1, 0, 20, 1, 4, 1, '\x01a2095e40d870e4985e1b5bc9b591f2', 'tasks', '{"tasks":{"total":1000,"wait":"1-999","active":1},"reason":"Tasks","since":1795453501657774,"sub":1795453501657753,"start":1795453501657774}');
INSERT INTO public.jobs VALUES (21, 0, 20, 20, 2, 2, 1, '\x01a2095e40d870e4985e1b5bc9b591f2', 'tasks', '{"reason":"Priority","detail":"others stand before it","since":1795453502660081,"sub":1795453501657753,"until":1795453502660081,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095e-302b-7e4b-a509-c56aa4bf23fe","dev":"cpu","ahead":true,"at":1795453501657774,"end":1795453502660027,"res":{"state":"cancelled","reason":"Requeuing","msg":"ended before it began"}}]}');


--
-- Data for Name: kinds; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.kinds VALUES (1, 'default', 'root', 'exec', 0);
INSERT INTO public.kinds VALUES (2, 'default', 'root', 'exec', 1);


--
-- Data for Name: lead; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.lead VALUES (1, 'vm/16560/1489d9be-0112-4b74-b95f-06c1f799bd44', '2026-11-23 17:05:05.011374+00');


--
-- Data for Name: logs; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.logs VALUES (1, 1, 0, 12, '\x68656c6c6f0a616761696e0a');
INSERT INTO public.logs VALUES (2, 1, 0, 3, '\x6e6f0a');


--
-- Data for Name: schema_version; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.schema_version VALUES (1);


--
-- Data for Name: specs; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.specs VALUES (1, '{"name":"hello","queue":"default","user":"root","type":"exec","params":{"command":["sh","-c","echo hello; echo again"]},"dir":"/tmp","device":"cpu","cpus":1,"grace_seconds":30}');
INSERT INTO public.specs VALUES (2, '{"name":"ünder","queue":"default","user":"root","type":"exec","params":{"command":["sh","-c","echo no; exit 3"]},"dir":"/tmp","device":"cpu","cpus":1,"grace_seconds":30}');
INSERT INTO public.specs VALUES (3, '{"name":"retried","queue":"default","user":"root","type":"exec","params":{"command":["sh","-c","exit 4"]},"dir":"/tmp","device":"cpu","cpus":1,"retries":1,"backoff_seconds":1,"grace_seconds":30}');
INSERT INTO public.specs VALUES (4, '{"name":"runs","queue":"default","user":"root","type":"exec","params":{"command":["sleep","600"]},"dir":"/tmp","device":"cpu","cpus":1,"grace_seconds":30}');
INSERT INTO public.specs VALUES (5, '{"name":"held","queue":"default","user":"root","type":"exec","params":{"command":["true"]},"dir":"/tmp","device":"cpu","cpus":1,"grace_seconds":30,"hold":true}');
INSERT INTO public.specs VALUES (6, '{"name":"later","queue":"default","user":"root","type":"exec","params":{"command":["true"]},"dir":"/tmp","device":"cpu","cpus":1,"grace_seconds":30,"after":[{"job":"4","when":"afterok"}]}');
INSERT INTO public.specs VALUES (7, '{"name":"cancelled","queue":"default","user":"root","type":"exec","params":{"command":["true"]},"dir":"/tmp","device":"cpu","cpus":1,"grace_seconds":30,"hold":true}');
INSERT INTO public.specs VALUES (8, '{"name":"killed","queue":"default","user":"root","type":"exec","params":{"command":["sleep","600"]},"dir":"/tmp","device":"cpu","cpus":1,"grace_seconds":30}');
INSERT INTO public.specs VALUES (9, '{"name":"array","queue":"default","user":"root","type":"exec","params":{"command":["true"]},"dir":"/tmp","device":"cpu","cpus":1,"grace_seconds":30,"array":"0-9%2"}');
INSERT INTO public.specs VALUES (20, '{"name":"tasks","queue":"default","user":"root","type":"exec","params":{"command":["true"]},"dir":"/tmp","device":"cpu","cpus":2,"grace_seconds":30,"array":"0-999"}');


--
-- Data for Name: workers; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.workers VALUES ('w1', '{"name":"w1","incarnation":"01a2095e-302b-7e4b-a509-c56aa4bf23fe","machine":{"hostname":"vm","version":"(devel)","os":"linux","arch":"amd64","cpu_model":"AMD EPYC","cpus":2,"memory_bytes":4294967296,"offers":[{"type":"exec","devices":["cpu","gpu"]},{"type":"image","devices":["cpu"]},{"type":"infer","devices":["cpu"]},{"type":"matmul","devices":["cpu"]},{"type":"noop","devices":["cpu","gpu"]},{"type":"train","devices":["cpu"]},{"type":"vecadd","devices":["cpu"]}],"isolation":"cgroup v2 kill + v1 limits (memory, pids, cpu)","boot_id":"a7855a09-516c-4c38-adc5-1979fe1724fc"},"state":"ready","since":"2026-11-23T17:04:57.510061Z","seen_at":"2026-11-23T17:04:57.510061Z","cpus_used":0,"memory_used_bytes":0,"job_count":0}');


--
-- Name: counts counts_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.counts
    ADD CONSTRAINT counts_pkey PRIMARY KEY (block, kind, state);


--
-- Name: events events_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (last);


--
-- Name: head head_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.head
    ADD CONSTRAINT head_pkey PRIMARY KEY (one);


--
-- Name: jobs jobs_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (number);


--
-- Name: kinds kinds_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.kinds
    ADD CONSTRAINT kinds_pkey PRIMARY KEY (kind);


--
-- Name: kinds kinds_queue_usr_type_task_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.kinds
    ADD CONSTRAINT kinds_queue_usr_type_task_key UNIQUE (queue, usr, type, task);


--
-- Name: lead lead_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.lead
    ADD CONSTRAINT lead_pkey PRIMARY KEY (one);


--
-- Name: logs logs_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.logs
    ADD CONSTRAINT logs_pkey PRIMARY KEY (job, attempt, start);


--
-- Name: specs specs_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.specs
    ADD CONSTRAINT specs_pkey PRIMARY KEY (number);


--
-- Name: workers workers_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.workers
    ADD CONSTRAINT workers_pkey PRIMARY KEY (name);


--
-- Name: jobs_id; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX jobs_id ON public.jobs USING btree (id, idx);


--
-- Name: jobs_live; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX jobs_live ON public.jobs USING btree (live, number) WHERE (live <> 0);


--
-- Name: jobs_parent; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX jobs_parent ON public.jobs USING btree (parent, number) WHERE (parent <> 0);


--
-- PostgreSQL database dump complete
--


