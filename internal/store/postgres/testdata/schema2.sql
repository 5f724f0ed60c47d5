-- made by scripts/schema-fixture c26a45a43e postgres
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
-- Name: dead_letters; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.dead_letters (
    number bigint NOT NULL,
    queue text NOT NULL,
    digest text NOT NULL,
    first bigint NOT NULL,
    times bigint NOT NULL,
    size bigint NOT NULL,
    letter text NOT NULL,
    body bytea NOT NULL
);


--
-- Name: dead_letters_number_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.dead_letters ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.dead_letters_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


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
-- Data for Name: dead_letters; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: events; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.events VALUES (2, 1, '\x01060568656c6c6f0764656661756c740465786563087374617274696e670841737369676e656402773101020000000102030405fc97aa8194bdb006');
INSERT INTO public.events VALUES (3, 1, '\x01060568656c6c6f0764656661756c7404657865630973756363656564656409436f6d706c6574656402773101020000000102030405f88eac8194bdb006');
INSERT INTO public.events VALUES (4, 1, '\x010606c3bc6e6465720764656661756c740465786563087374617274696e670841737369676e6564027731010400000001020304058cfbbe8194bdb006');
INSERT INTO public.events VALUES (5, 1, '\x010606c3bc6e6465720764656661756c740465786563066661696c65640845786974436f646502773101040000000102030405d2dcbf8194bdb006');
INSERT INTO public.events VALUES (6, 1, '\x010607726574726965640764656661756c740465786563087374617274696e670841737369676e656402773101060000000102030405d0f8cb8194bdb006');
INSERT INTO public.events VALUES (7, 1, '\x010607726574726965640764656661756c74046578656306717565756564074261636b6f666602773101060000000102030405f2c8cc8194bdb006');
INSERT INTO public.events VALUES (8, 1, '\x010607726574726965640764656661756c740465786563087374617274696e670841737369676e656402773101060000000102030405f2d9c68294bdb006');
INSERT INTO public.events VALUES (9, 1, '\x010607726574726965640764656661756c740465786563066661696c65640845786974436f646502773101060000000102030405dceec78294bdb006');
INSERT INTO public.events VALUES (10, 1, '\x01060472756e730764656661756c740465786563087374617274696e670841737369676e656402773101080000000102030405f8c0ce8294bdb006');
INSERT INTO public.events VALUES (11, 1, '\x01060472756e730764656661756c7404657865630772756e6e696e670752756e6e696e6702773101080000000102030405c4f9cf8294bdb006');
INSERT INTO public.events VALUES (12, 1, '\x01050468656c640764656661756c7404657865630448656c6400010a000000010200030490ead88294bdb006');
INSERT INTO public.events VALUES (13, 1, '\x0106056c617465720764656661756c740465786563067175657565640a446570656e64656e637900010c0000000102030405e6aae58294bdb006');
INSERT INTO public.events VALUES (14, 1, '\x01060963616e63656c6c65640764656661756c7404657865630468656c640448656c6400010e0000000102030405d4b3e88294bdb006');
INSERT INTO public.events VALUES (15, 1, '\x01050963616e63656c6c65640764656661756c7404657865630943616e63656c6c656400010e0000000102000304b4a9eb8294bdb006');
INSERT INTO public.events VALUES (16, 1, '\x0106066b696c6c65640764656661756c740465786563087374617274696e670841737369676e656402773101100000000102030405ce88ee8294bdb006');
INSERT INTO public.events VALUES (17, 1, '\x0106066b696c6c65640764656661756c7404657865630772756e6e696e670752756e6e696e6702773101100000000102030405a8b8f08294bdb006');
INSERT INTO public.events VALUES (18, 1, '\x0106066b696c6c65640764656661756c7404657865630873746f7070696e670a43616e63656c6c696e6702773101100000000102030405a0ebe78494bdb006');
INSERT INTO public.events VALUES (19, 1, '\x0106066b696c6c65640764656661756c7404657865630963616e63656c6c65640943616e63656c6c656402773101100000000102030405f48de98494bdb006');
INSERT INTO public.events VALUES (21, 2, '\x01090561727261790764656661756c7404657865630772756e6e696e67055461736b7300087374617274696e670841737369676e656402773102120000000102030405dcd8eb8494bdb00602120000010206070800');
INSERT INTO public.events VALUES (24, 3, '\x010b0561727261790764656661756c7404657865630973756363656564656409436f6d706c657465640277310772756e6e696e67055461736b7300087374617274696e670841737369676e65640314120000010203040588bcec8494bdb00601000000010206070824041202000102090a0500');
INSERT INTO public.events VALUES (27, 3, '\x010b0561727261790764656661756c7404657865630973756363656564656409436f6d706c657465640277310772756e6e696e67055461736b7300087374617274696e670841737369676e656403161202000102030405b2a1ed8494bdb00603000000010206070830061204000102090a0500');
INSERT INTO public.events VALUES (30, 3, '\x010b0561727261790764656661756c7404657865630973756363656564656409436f6d706c657465640277310772756e6e696e67055461736b7300087374617274696e670841737369676e656403181204000102030405e8d6f08494bdb0060500000001020607082a081206000102090a0500');
INSERT INTO public.events VALUES (33, 3, '\x010b0561727261790764656661756c7404657865630973756363656564656409436f6d706c657465640277310772756e6e696e67055461736b7300087374617274696e670841737369676e6564031a1206000102030405f8aef18494bdb00607000000010206070882010a1208000102090a0500');
INSERT INTO public.events VALUES (36, 3, '\x010b0561727261790764656661756c7404657865630973756363656564656409436f6d706c657465640277310772756e6e696e67055461736b7300087374617274696e670841737369676e6564031c1208000102030405fea3f48494bdb006090000000102060708ac020c120a000102090a0500');
INSERT INTO public.events VALUES (39, 3, '\x010b0561727261790764656661756c7404657865630973756363656564656409436f6d706c657465640277310772756e6e696e67055461736b7300087374617274696e670841737369676e6564031e120a000102030405ee96f58494bdb0060b0000000102060708220e120c000102090a0500');
INSERT INTO public.events VALUES (43, 4, '\x010b0561727261790764656661756c7404657865630973756363656564656409436f6d706c657465640277310772756e6e696e67055461736b7300087374617274696e670841737369676e65640420120c000102030405a8c5f58494bdb0060d00000001020607081810120e000102090a0500021210000102090a0500');
INSERT INTO public.events VALUES (47, 4, '\x010b0561727261790764656661756c7404657865630973756363656564656409436f6d706c657465640277310772756e6e696e67055461736b7300087374617274696e670841737369676e65640422120e00010203040586a7f68494bdb0060f0000000102060708c561121210000102090a0500021212000102090a05f861');
INSERT INTO public.events VALUES (49, 2, '\x01090561727261790764656661756c7404657865630973756363656564656409436f6d706c657465640277310772756e6e696e67055461736b730002241210000102030405c4dff98494bdb006110000000102060708839a04');
INSERT INTO public.events VALUES (50, 1, '\x01060561727261790764656661756c740465786563087374617274696e670841737369676e656402773101261212000102030405b8a7f68494bdb006');
INSERT INTO public.events VALUES (52, 2, '\x01070561727261790764656661756c7404657865630973756363656564656409436f6d706c65746564027731000226121200010203040584aafb8494bdb00613000000010203040600');
INSERT INTO public.events VALUES (54, 2, '\x0109057461736b730764656661756c7404657865630772756e6e696e67055461736b7300087374617274696e670841737369676e656402773102280000000102030405fcb8808594bdb00602280000010206070800');
INSERT INTO public.events VALUES (55, 1, '\x0106057461736b730764656661756c74046578656306717565756564085072696f72697479027731012a2800000102030405c6d2fa8594bdb006');


--
-- Data for Name: head; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.head VALUES (1, 1, 55, 22);


--
-- Data for Name: jobs; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.jobs VALUES (1, -1, 0, 1, 1, 6, 0, '\x01a2096046e8781e86a1c47d09c3e9ed', 'hello', '{"reason":"Completed","since":1795453634315196,"sub":1795453634299360,"start":1795453634314160,"end":1795453634315196,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20960-463a-73d4-8c3a-e575a45c38b6","dev":"cpu","at":1795453634299390,"start":1795453634314160,"end":1795453634314507,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","log":12,"sys":1067000},"log":12}],"same":true}');
INSERT INTO public.jobs VALUES (2, -1, 0, 2, 1, 7, 2, '\x01a20960479e710590439cd84d31dbb6', 'ünder', '{"reason":"ExitCode","detail":"exit code 3","since":1795453634475817,"sub":1795453634469553,"start":1795453634475631,"end":1795453634475817,"fail":1,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20960-463a-73d4-8c3a-e575a45c38b6","dev":"cpu","at":1795453634469574,"start":1795453634475631,"end":1795453634475674,"res":{"state":"failed","reason":"ExitCode","msg":"exit code 3","again":true,"exit":3,"dev":"cpu","log":3,"user":1062000},"log":3}],"same":true}');
INSERT INTO public.jobs VALUES (3, -1, 0, 3, 1, 7, 2, '\x01a20960480c7a59b8b4ca19409fed7b', 'retried', '{"reason":"ExitCode","detail":"exit code 4","since":1795453635591086,"sub":1795453634575894,"start":1795453634580829,"end":1795453635591086,"fail":2,"n":2,"runs":[{"n":1,"worker":"w1","inc":"01a20960-463a-73d4-8c3a-e575a45c38b6","dev":"cpu","at":1795453634575912,"start":1795453634580829,"end":1795453634580872,"res":{"state":"failed","reason":"ExitCode","msg":"exit code 4","again":true,"exit":4,"dev":"cpu","sys":1021000}},{"n":2,"worker":"w1","inc":"01a20960-463a-73d4-8c3a-e575a45c38b6","dev":"cpu","at":1795453635581561,"start":1795453635590854,"end":1795453635590909,"res":{"state":"failed","reason":"ExitCode","msg":"exit code 4","again":true,"exit":4,"dev":"cpu","user":997000}}],"same":true}');
INSERT INTO public.jobs VALUES (4, -1, 0, 4, 1, 4, 1, '\x01a209604c2c7b3bbe707d1c8bcf2a89', 'runs', '{"reason":"Running","detail":"on w1","since":1795453635657314,"sub":1795453635645484,"start":1795453635650365,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20960-463a-73d4-8c3a-e575a45c38b6","dev":"cpu","at":1795453635645500,"start":1795453635650365}]}');
INSERT INTO public.jobs VALUES (5, -1, 0, 5, 1, 1, 1, '\x01a209604c8678c79beccde9ea117e08', 'held', '{"reason":"Held","detail":"held; release it to let it run","since":1795453635730056,"sub":1795453635730056}');
INSERT INTO public.jobs VALUES (6, -1, 0, 6, 1, 2, 1, '\x01a209604cea7d7392b084078f2933f2', 'later', '{"reason":"Dependency","detail":"waits for 1 other jobs to end","since":1795453635832499,"sub":1795453635832499}');
INSERT INTO public.jobs VALUES (7, -1, 0, 7, 1, 8, 2, '\x01a209604d0f7d029988e364733970d8', 'cancelled', '{"reason":"Cancelled","detail":"cancelled by root","since":1795453635881562,"sub":1795453635857642,"end":1795453635881562}');
INSERT INTO public.jobs VALUES (8, -1, 0, 8, 1, 8, 2, '\x01a209604d3e754aba4db1b8647d9dd1', 'killed', '{"reason":"Cancelled","detail":"stopped","since":1795453637960570,"sub":1795453635904024,"start":1795453635913482,"end":1795453637960570,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20960-463a-73d4-8c3a-e575a45c38b6","dev":"cpu","at":1795453635904039,"start":1795453635913482,"end":1795453637960371,"res":{"state":"cancelled","reason":"Cancelled","msg":"stopped","again":true,"exit":143,"sig":"TERM","dev":"cpu","user":1121000}}],"same":true}');
INSERT INTO public.jobs VALUES (10, 0, 9, 9, 2, 6, 0, '\x01a20960555c71178fd96fb1dbff3496', 'array', '{"reason":"Completed","since":1795453637988100,"sub":1795453637981726,"start":1795453637987703,"end":1795453637988100,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20960-463a-73d4-8c3a-e575a45c38b6","dev":"cpu","at":1795453637981742,"start":1795453637987703,"end":1795453637987955,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":899000}}],"same":true}');
INSERT INTO public.jobs VALUES (11, 1, 9, 9, 2, 6, 0, '\x01a20960555c71178fd96fb1dbff3496', 'array', '{"task":1,"reason":"Completed","since":1795453637994585,"sub":1795453637981726,"start":1795453637994268,"end":1795453637994585,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20960-463a-73d4-8c3a-e575a45c38b6","dev":"cpu","at":1795453637988118,"start":1795453637994268,"end":1795453637994287,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":843000}}],"same":true}');
INSERT INTO public.jobs VALUES (12, 2, 9, 9, 2, 6, 0, '\x01a20960555c71178fd96fb1dbff3496', 'array', '{"task":2,"reason":"Completed","since":1795453638022580,"sub":1795453637981726,"start":1795453638022370,"end":1795453638022580,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20960-463a-73d4-8c3a-e575a45c38b6","dev":"cpu","at":1795453637994609,"start":1795453638022370,"end":1795453638022387,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":881000}}],"same":true}');
INSERT INTO public.jobs VALUES (9, -1, 0, 9, 1, 6, 0, '\x01a20960555c71178fd96fb1dbff3496', 'array', '{"tasks":{"total":10,"active":0,"ended":{"succeeded":10}},"reason":"Completed","detail":"10 of 10 tasks succeeded","since":1795453638109826,"sub":1795453637981726,"start":1795453637981742,"end":1795453638109826}');
INSERT INTO public.jobs VALUES (13, 3, 9, 9, 2, 6, 0, '\x01a20960555c71178fd96fb1dbff3496', 'array', '{"task":3,"reason":"Completed","since":1795453638028220,"sub":1795453637981726,"start":1795453638027796,"end":1795453638028220,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20960-463a-73d4-8c3a-e575a45c38b6","dev":"cpu","at":1795453638022601,"start":1795453638027796,"end":1795453638027815,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":811000}}],"same":true}');
INSERT INTO public.jobs VALUES (14, 4, 9, 9, 2, 6, 0, '\x01a20960555c71178fd96fb1dbff3496', 'array', '{"task":4,"reason":"Completed","since":1795453638052095,"sub":1795453637981726,"start":1795453638036010,"end":1795453638052095,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20960-463a-73d4-8c3a-e575a45c38b6","dev":"cpu","at":1795453638028285,"start":1795453638036010,"end":1795453638039056,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":835000}}],"same":true}');
INSERT INTO public.jobs VALUES (15, 5, 9, 9, 2, 6, 0, '\x01a20960555c71178fd96fb1dbff3496', 'array', '{"task":5,"reason":"Completed","since":1795453638059447,"sub":1795453637981726,"start":1795453638058999,"end":1795453638059447,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20960-463a-73d4-8c3a-e575a45c38b6","dev":"cpu","at":1795453638052245,"start":1795453638058999,"end":1795453638059176,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":878000}}],"same":true}');
INSERT INTO public.jobs VALUES (16, 6, 9, 9, 2, 6, 0, '\x01a20960555c71178fd96fb1dbff3496', 'array', '{"task":6,"reason":"Completed","since":1795453638062420,"sub":1795453637981726,"start":1795453638062194,"end":1795453638062420,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20960-463a-73d4-8c3a-e575a45c38b6","dev":"cpu","at":1795453638059464,"start":1795453638062194,"end":1795453638062323,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":759000}}],"same":true}');
INSERT INTO public.jobs VALUES (17, 7, 9, 9, 2, 6, 0, '\x01a20960555c71178fd96fb1dbff3496', 'array', '{"task":7,"reason":"Completed","since":1795453638068675,"sub":1795453637981726,"start":1795453638064930,"end":1795453638068675,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20960-463a-73d4-8c3a-e575a45c38b6","dev":"cpu","at":1795453638062432,"start":1795453638064930,"end":1795453638068367,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":883000}}],"same":true}');
INSERT INTO public.jobs VALUES (18, 8, 9, 9, 2, 6, 0, '\x01a20960555c71178fd96fb1dbff3496', 'array', '{"task":8,"reason":"Completed","since":1795453638096866,"sub":1795453637981726,"start":1795453638072267,"end":1795453638096866,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20960-463a-73d4-8c3a-e575a45c38b6","dev":"cpu","at":1795453638062432,"start":1795453638072267,"end":1795453638072282,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":884000}}],"same":true}');
INSERT INTO public.jobs VALUES (19, 9, 9, 9, 2, 6, 0, '\x01a20960555c71178fd96fb1dbff3496', 'array', '{"task":9,"reason":"Completed","since":1795453638109826,"sub":1795453637981726,"start":1795453638109591,"end":1795453638109826,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20960-463a-73d4-8c3a-e575a45c38b6","dev":"cpu","at":1795453638068700,"start":1795453638109591,"end":1795453638109644,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":880000}}],"same":true}');
INSERT INTO public.jobs VALUES (20, -1, 0, 20, 1, 4, 1, '\x01a20960560576fa89afb13eb349468a', 'tasks', '{"tasks":{"total":1000,"wait":"1-999","active":1},"reason":"Tasks","since":1795453638151742,"sub":1795453638151727,"start":1795453638151742}');
INSERT INTO public.jobs VALUES (21, 0, 20, 20, 2, 2, 1, '\x01a20960560576fa89afb13eb349468a', 'tasks', '{"reason":"Priority","detail":"others stand before it","since":1795453639152803,"sub":1795453638151727,"until":1795453639152803,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a20960-463a-73d4-8c3a-e575a45c38b6","dev":"cpu","ahead":true,"at":1795453638151742,"end":1795453639152743,"res":{"state":"cancelled","reason":"Requeuing","msg":"ended before it began"}}]}');


--
-- Data for Name: kinds; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.kinds VALUES (1, 'default', 'root', 'exec', 0);
INSERT INTO public.kinds VALUES (2, 'default', 'root', 'exec', 1);


--
-- Data for Name: lead; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.lead VALUES (1, 'vm/25159/2d3ff446-a21c-415d-8dff-8a1867a32d42', '2026-11-23 17:07:21.64927+00');


--
-- Data for Name: logs; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.logs VALUES (1, 1, 0, 12, '\x68656c6c6f0a616761696e0a');
INSERT INTO public.logs VALUES (2, 1, 0, 3, '\x6e6f0a');


--
-- Data for Name: schema_version; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.schema_version VALUES (1);
INSERT INTO public.schema_version VALUES (2);


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

INSERT INTO public.workers VALUES ('w1', '{"name":"w1","incarnation":"01a20960-463a-73d4-8c3a-e575a45c38b6","machine":{"hostname":"vm","version":"(devel)","os":"linux","arch":"amd64","cpu_model":"AMD EPYC","cpus":2,"memory_bytes":4294967296,"offers":[{"type":"exec","devices":["cpu","gpu"]},{"type":"image","devices":["cpu"]},{"type":"infer","devices":["cpu"]},{"type":"matmul","devices":["cpu"]},{"type":"noop","devices":["cpu","gpu"]},{"type":"train","devices":["cpu"]},{"type":"vecadd","devices":["cpu"]}],"isolation":"cgroup v2 kill + v1 limits (memory, pids, cpu)","boot_id":"a7855a09-516c-4c38-adc5-1979fe1724fc","messages":{"oldest":3,"newest":4}},"state":"ready","since":"2026-11-23T17:07:14.188958Z","seen_at":"2026-11-23T17:07:14.188958Z","cpus_used":0,"memory_used_bytes":0,"job_count":0}');


--
-- Name: dead_letters_number_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.dead_letters_number_seq', 1, false);


--
-- Name: counts counts_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.counts
    ADD CONSTRAINT counts_pkey PRIMARY KEY (block, kind, state);


--
-- Name: dead_letters dead_letters_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.dead_letters
    ADD CONSTRAINT dead_letters_pkey PRIMARY KEY (number);


--
-- Name: dead_letters dead_letters_queue_digest_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.dead_letters
    ADD CONSTRAINT dead_letters_queue_digest_key UNIQUE (queue, digest);


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


