-- made by scripts/schema-fixture 38f47a78ff postgres
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

INSERT INTO public.counts VALUES (-1, 2, 6, 10);
INSERT INTO public.counts VALUES (-1, 1, 6, 1);
INSERT INTO public.counts VALUES (0, 1, 4, 1);
INSERT INTO public.counts VALUES (0, 1, 6, 2);
INSERT INTO public.counts VALUES (0, 2, 4, 0);
INSERT INTO public.counts VALUES (0, 2, 6, 10);
INSERT INTO public.counts VALUES (-1, 1, 2, 1001);
INSERT INTO public.counts VALUES (0, 1, 2, 2);
INSERT INTO public.counts VALUES (-1, 1, 7, 2);
INSERT INTO public.counts VALUES (0, 1, 7, 2);
INSERT INTO public.counts VALUES (-1, 1, 1, 1);
INSERT INTO public.counts VALUES (0, 1, 1, 1);
INSERT INTO public.counts VALUES (-1, 1, 3, 0);
INSERT INTO public.counts VALUES (0, 1, 3, 0);
INSERT INTO public.counts VALUES (-1, 1, 4, 1);
INSERT INTO public.counts VALUES (-1, 1, 5, 0);
INSERT INTO public.counts VALUES (-1, 1, 8, 2);
INSERT INTO public.counts VALUES (0, 1, 5, 0);
INSERT INTO public.counts VALUES (0, 1, 8, 2);
INSERT INTO public.counts VALUES (-1, 2, 3, 0);
INSERT INTO public.counts VALUES (0, 2, 3, 0);
INSERT INTO public.counts VALUES (-1, 2, 4, 0);


--
-- Data for Name: events; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.events VALUES (2, 1, '\x01060568656c6c6f0764656661756c740465786563087374617274696e670841737369676e656402773101020000000102030405c4ac8bb992bdb006');
INSERT INTO public.events VALUES (3, 1, '\x01060568656c6c6f0764656661756c7404657865630772756e6e696e670752756e6e696e6702773101020000000102030405c4d998b992bdb006');
INSERT INTO public.events VALUES (4, 1, '\x01060568656c6c6f0764656661756c7404657865630973756363656564656409436f6d706c6574656402773101020000000102030405f8a499b992bdb006');
INSERT INTO public.events VALUES (5, 1, '\x010606c3bc6e6465720764656661756c740465786563087374617274696e670841737369676e656402773101040000000102030405f6f0aab992bdb006');
INSERT INTO public.events VALUES (6, 1, '\x010606c3bc6e6465720764656661756c7404657865630772756e6e696e670752756e6e696e6702773101040000000102030405d280b2b992bdb006');
INSERT INTO public.events VALUES (7, 1, '\x010606c3bc6e6465720764656661756c740465786563066661696c65640845786974436f646502773101040000000102030405b4c0b3b992bdb006');
INSERT INTO public.events VALUES (8, 1, '\x010607726574726965640764656661756c740465786563087374617274696e670841737369676e656402773101060000000102030405d8e6c0b992bdb006');
INSERT INTO public.events VALUES (9, 1, '\x010607726574726965640764656661756c74046578656306717565756564074261636b6f666602773101060000000102030405ceeacab992bdb006');
INSERT INTO public.events VALUES (10, 1, '\x010607726574726965640764656661756c740465786563087374617274696e670841737369676e656402773101060000000102030405c2ffc4ba92bdb006');
INSERT INTO public.events VALUES (11, 1, '\x010607726574726965640764656661756c7404657865630772756e6e696e670752756e6e696e6702773101060000000102030405f889d0ba92bdb006');
INSERT INTO public.events VALUES (12, 1, '\x010607726574726965640764656661756c740465786563066661696c65640845786974436f646502773101060000000102030405aaeed0ba92bdb006');
INSERT INTO public.events VALUES (13, 1, '\x01060472756e730764656661756c740465786563087374617274696e670841737369676e656402773101080000000102030405dae5d7ba92bdb006');
INSERT INTO public.events VALUES (14, 1, '\x01060472756e730764656661756c7404657865630772756e6e696e670752756e6e696e6702773101080000000102030405bea1e4ba92bdb006');
INSERT INTO public.events VALUES (15, 1, '\x01050468656c640764656661756c7404657865630448656c6400010a0000000102000304e8d2edba92bdb006');
INSERT INTO public.events VALUES (16, 1, '\x0106056c617465720764656661756c740465786563067175657565640a446570656e64656e637900010c0000000102030405e6dcf2ba92bdb006');
INSERT INTO public.events VALUES (17, 1, '\x01060963616e63656c6c65640764656661756c7404657865630468656c640448656c6400010e0000000102030405d0e7f8ba92bdb006');
INSERT INTO public.events VALUES (18, 1, '\x01050963616e63656c6c65640764656661756c7404657865630943616e63656c6c656400010e0000000102000304b0c184bb92bdb006');
INSERT INTO public.events VALUES (19, 1, '\x0106066b696c6c65640764656661756c740465786563087374617274696e670841737369676e656402773101100000000102030405fac987bb92bdb006');
INSERT INTO public.events VALUES (20, 1, '\x0106066b696c6c65640764656661756c7404657865630772756e6e696e670752756e6e696e6702773101100000000102030405ac9693bb92bdb006');
INSERT INTO public.events VALUES (21, 1, '\x0106066b696c6c65640764656661756c7404657865630873746f7070696e670a43616e63656c6c696e67027731011000000001020304058ed687bd92bdb006');
INSERT INTO public.events VALUES (22, 1, '\x0106066b696c6c65640764656661756c7404657865630963616e63656c6c65640943616e63656c6c6564027731011000000001020304059a988bbd92bdb006');
INSERT INTO public.events VALUES (24, 2, '\x01090561727261790764656661756c7404657865630772756e6e696e67055461736b7300087374617274696e670841737369676e656402773102120000000102030405b8c88dbd92bdb00602120000010206070800');
INSERT INTO public.events VALUES (25, 1, '\x01060561727261790764656661756c7404657865630772756e6e696e670752756e6e696e6702773101141200000102030405f48897bd92bdb006');
INSERT INTO public.events VALUES (28, 3, '\x010b0561727261790764656661756c7404657865630973756363656564656409436f6d706c657465640277310772756e6e696e67055461736b7300087374617274696e670841737369676e656403141200000102030405bac297bd92bdb00601000000010206070834041202000102090a0500');
INSERT INTO public.events VALUES (29, 1, '\x01060561727261790764656661756c7404657865630772756e6e696e670752756e6e696e6702773101161202000102030405bef19dbd92bdb006');
INSERT INTO public.events VALUES (32, 3, '\x010b0561727261790764656661756c7404657865630973756363656564656409436f6d706c657465640277310772756e6e696e67055461736b7300087374617274696e670841737369676e6564031612020001020304058497a0bd92bdb0060300000001020607082a061204000102090a0500');
INSERT INTO public.events VALUES (33, 1, '\x01060561727261790764656661756c7404657865630772756e6e696e670752756e6e696e6702773101181204000102030405e694afbd92bdb006');
INSERT INTO public.events VALUES (36, 3, '\x010b0561727261790764656661756c7404657865630973756363656564656409436f6d706c657465640277310772756e6e696e67055461736b7300087374617274696e670841737369676e65640318120400010203040598a0b1bd92bdb00605000000010206070826081206000102090a0500');
INSERT INTO public.events VALUES (39, 3, '\x010b0561727261790764656661756c7404657865630973756363656564656409436f6d706c657465640277310772756e6e696e67055461736b7300087374617274696e670841737369676e6564031a1206000102030405868fb7bd92bdb0060700000001020607081e0a1208000102090a0500');
INSERT INTO public.events VALUES (42, 3, '\x010b0561727261790764656661756c7404657865630973756363656564656409436f6d706c657465640277310772756e6e696e67055461736b7300087374617274696e670841737369676e6564031c1208000102030405988ac8bd92bdb0060900000001020607082c0c120a000102090a0500');
INSERT INTO public.events VALUES (43, 1, '\x01060561727261790764656661756c7404657865630772756e6e696e670752756e6e696e67027731011e120a000102030405e6a8d9bd92bdb006');
INSERT INTO public.events VALUES (46, 3, '\x010b0561727261790764656661756c7404657865630973756363656564656409436f6d706c657465640277310772756e6e696e67055461736b7300087374617274696e670841737369676e6564031e120a000102030405a8b4e0bd92bdb0060b00000001020607083a0e120c000102090a0500');
INSERT INTO public.events VALUES (47, 1, '\x01060561727261790764656661756c7404657865630772756e6e696e670752756e6e696e670277310120120c000102030405dcbff2bd92bdb006');
INSERT INTO public.events VALUES (50, 3, '\x010b0561727261790764656661756c7404657865630973756363656564656409436f6d706c657465640277310772756e6e696e67055461736b7300087374617274696e670841737369676e65640320120c0001020304059a9af3bd92bdb0060d00000001020607081c10120e000102090a0500');
INSERT INTO public.events VALUES (51, 1, '\x01060561727261790764656661756c7404657865630772756e6e696e670752756e6e696e670277310122120e0001020304058caf81be92bdb006');
INSERT INTO public.events VALUES (54, 3, '\x010b0561727261790764656661756c7404657865630973756363656564656409436f6d706c657465640277310772756e6e696e67055461736b7300087374617274696e670841737369676e65640322120e00010203040594d081be92bdb0060f00000001020607081c121210000102090a0500');
INSERT INTO public.events VALUES (55, 1, '\x01060561727261790764656661756c7404657865630772756e6e696e670752756e6e696e6702773101241210000102030405f09d8bbe92bdb006');
INSERT INTO public.events VALUES (58, 3, '\x010b0561727261790764656661756c7404657865630973756363656564656409436f6d706c657465640277310772756e6e696e67055461736b7300087374617274696e670841737369676e656403241210000102030405a68d8dbe92bdb00611000000010206070820141212000102090a0500');
INSERT INTO public.events VALUES (59, 1, '\x01060561727261790764656661756c7404657865630772756e6e696e670752756e6e696e6702773101261212000102030405d2a595be92bdb006');
INSERT INTO public.events VALUES (61, 2, '\x01070561727261790764656661756c7404657865630973756363656564656409436f6d706c657465640277310002261212000102030405b0ae96be92bdb00613000000010203040600');
INSERT INTO public.events VALUES (62, 1, '\x0106057461736b730764656661756c74046578656306717565756564095265736f75726365730001280000000102030405e0b7a4be92bdb006');


--
-- Data for Name: head; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.head VALUES (1, 1, 62, 21);


--
-- Data for Name: jobs; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.jobs VALUES (1, -1, 0, 1, 1, 6, 0, '\x01a2095d12a2706e87c8f9c5a82478f0', 'hello', '{"reason":"Completed","since":1795453424445756,"sub":1795453424331529,"start":1795453424440737,"end":1795453424445756,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-11d0-7b37-a3a9-66adaa627cba","dev":"cpu","at":1795453424331554,"start":1795453424440737,"end":1795453424441900,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","log":12,"user":1013000,"mem":21692416},"log":12}],"same":true}');
INSERT INTO public.jobs VALUES (4, -1, 0, 4, 1, 4, 1, '\x01a2095d19487050a8bdb7de29010b0e', 'runs', '{"reason":"Running","detail":"on w1","since":1795453426108511,"sub":1795453426006357,"start":1795453426108369,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-11d0-7b37-a3a9-66adaa627cba","dev":"cpu","at":1795453426006381,"start":1795453426108369}]}');
INSERT INTO public.jobs VALUES (2, -1, 0, 2, 1, 7, 0, '\x01a2095d13947f048762b1a200f617e4', 'ünder', '{"reason":"ExitCode","detail":"exit code 3","since":1795453424660506,"sub":1795453424589858,"start":1795453424648158,"end":1795453424660506,"fail":1,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-11d0-7b37-a3a9-66adaa627cba","dev":"cpu","at":1795453424589883,"start":1795453424648158,"end":1795453424660396,"res":{"state":"failed","reason":"ExitCode","msg":"exit code 3","again":true,"exit":3,"dev":"cpu","log":3,"user":1175000,"mem":21889024},"log":3}],"same":true}');
INSERT INTO public.jobs VALUES (5, -1, 0, 5, 1, 1, 1, '\x01a2095d19f97cd09929294e0f58e07a', 'held', '{"reason":"Held","detail":"held; release it to let it run","since":1795453426185396,"sub":1795453426185396}');
INSERT INTO public.jobs VALUES (6, -1, 0, 6, 1, 2, 1, '\x01a2095d1a3172eeaf4dd1aab39feab0', 'later', '{"reason":"Dependency","detail":"waits for 1 other jobs to end","since":1795453426226995,"sub":1795453426226995}');
INSERT INTO public.jobs VALUES (3, -1, 0, 3, 1, 7, 0, '\x01a2095d14727a2eadcd4ca4ca07a70e', 'retried', '{"reason":"ExitCode","detail":"exit code 4","since":1795453425949589,"sub":1795453424769438,"start":1795453424851509,"end":1795453425949589,"fail":2,"n":2,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-11d0-7b37-a3a9-66adaa627cba","dev":"cpu","at":1795453424769452,"start":1795453424851509,"end":1795453424851511,"res":{"state":"failed","reason":"ExitCode","msg":"exit code 4","again":true,"exit":4,"dev":"cpu","user":1011000,"mem":22085632}},{"n":2,"worker":"w1","inc":"01a2095d-11d0-7b37-a3a9-66adaa627cba","dev":"cpu","at":1795453425852385,"start":1795453425942996,"end":1795453425949408,"res":{"state":"failed","reason":"ExitCode","msg":"exit code 4","again":true,"exit":4,"dev":"cpu","user":1063000,"mem":21626880}}],"same":true}');
INSERT INTO public.jobs VALUES (7, -1, 0, 7, 1, 8, 0, '\x01a2095d1a5b70909e24d40a8d440959', 'cancelled', '{"reason":"Cancelled","detail":"cancelled by root","since":1795453426372696,"sub":1795453426276840,"end":1795453426372696}');
INSERT INTO public.jobs VALUES (8, -1, 0, 8, 1, 8, 0, '\x01a2095d1adb7be79d3fdb1a681d163b', 'killed', '{"reason":"Cancelled","detail":"stopped","since":1795453428524557,"sub":1795453426397805,"start":1795453426492739,"end":1795453428524557,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-11d0-7b37-a3a9-66adaa627cba","dev":"cpu","at":1795453426397821,"start":1795453426492739,"end":1795453428524421,"res":{"state":"cancelled","reason":"Cancelled","msg":"stopped","again":true,"exit":143,"sig":"TERM","dev":"cpu","sys":1265000,"mem":21495808}}],"same":true}');
INSERT INTO public.jobs VALUES (10, 0, 9, 9, 2, 6, 0, '\x01a2095d232d791e86237ae6b382ec67', 'array', '{"reason":"Completed","since":1795453428625565,"sub":1795453428544014,"start":1795453428621777,"end":1795453428625565,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-11d0-7b37-a3a9-66adaa627cba","dev":"cpu","at":1795453428544028,"start":1795453428621777,"end":1795453428625452,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":1085000,"mem":21823488}}],"same":true}');
INSERT INTO public.jobs VALUES (11, 1, 9, 9, 2, 6, 0, '\x01a2095d232d791e86237ae6b382ec67', 'array', '{"task":1,"reason":"Completed","since":1795453428696514,"sub":1795453428544014,"start":1795453428677625,"end":1795453428696514,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-11d0-7b37-a3a9-66adaa627cba","dev":"cpu","at":1795453428625591,"start":1795453428677625,"end":1795453428696335,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","sys":1235000,"mem":21692416}}],"same":true}');
INSERT INTO public.jobs VALUES (12, 2, 9, 9, 2, 6, 0, '\x01a2095d232d791e86237ae6b382ec67', 'array', '{"task":2,"reason":"Completed","since":1795453428836364,"sub":1795453428544014,"start":1795453428818995,"end":1795453428836364,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-11d0-7b37-a3a9-66adaa627cba","dev":"cpu","at":1795453428696535,"start":1795453428818995,"end":1795453428828080,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":1492000,"mem":22216704}}],"same":true}');
INSERT INTO public.jobs VALUES (9, -1, 0, 9, 1, 6, 0, '\x01a2095d232d791e86237ae6b382ec67', 'array', '{"tasks":{"total":10,"active":0,"ended":{"succeeded":10}},"reason":"Completed","detail":"10 of 10 tasks succeeded","since":1795453429664664,"sub":1795453428544014,"start":1795453428544028,"end":1795453429664664}');
INSERT INTO public.jobs VALUES (13, 3, 9, 9, 2, 6, 0, '\x01a2095d232d791e86237ae6b382ec67', 'array', '{"task":3,"reason":"Completed","since":1795453428884419,"sub":1795453428544014,"start":1795453428884302,"end":1795453428884419,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-11d0-7b37-a3a9-66adaa627cba","dev":"cpu","at":1795453428836383,"start":1795453428884302,"end":1795453428884304,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":1361000,"mem":21495808}}],"same":true}');
INSERT INTO public.jobs VALUES (14, 4, 9, 9, 2, 6, 0, '\x01a2095d232d791e86237ae6b382ec67', 'array', '{"task":4,"reason":"Completed","since":1795453429023372,"sub":1795453428544014,"start":1795453429023198,"end":1795453429023372,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-11d0-7b37-a3a9-66adaa627cba","dev":"cpu","at":1795453428884434,"start":1795453429023198,"end":1795453429023201,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":859000,"mem":21688320}}],"same":true}');
INSERT INTO public.jobs VALUES (18, 8, 9, 9, 2, 6, 0, '\x01a2095d232d791e86237ae6b382ec67', 'array', '{"task":8,"reason":"Completed","since":1795453429588819,"sub":1795453428544014,"start":1795453429573411,"end":1795453429588819,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-11d0-7b37-a3a9-66adaa627cba","dev":"cpu","at":1795453429494808,"start":1795453429573411,"end":1795453429588472,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":870000,"mem":21889024}}],"same":true}');
INSERT INTO public.jobs VALUES (15, 5, 9, 9, 2, 6, 0, '\x01a2095d232d791e86237ae6b382ec67', 'array', '{"task":5,"reason":"Completed","since":1795453429222676,"sub":1795453428544014,"start":1795453429164494,"end":1795453429222676,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-11d0-7b37-a3a9-66adaa627cba","dev":"cpu","at":1795453429023394,"start":1795453429164494,"end":1795453429222543,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","sys":1166000,"mem":21823488}}],"same":true}');
INSERT INTO public.jobs VALUES (16, 6, 9, 9, 2, 6, 0, '\x01a2095d232d791e86237ae6b382ec67', 'array', '{"task":6,"reason":"Completed","since":1795453429376653,"sub":1795453428544014,"start":1795453429370454,"end":1795453429376653,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-11d0-7b37-a3a9-66adaa627cba","dev":"cpu","at":1795453429222705,"start":1795453429370454,"end":1795453429376516,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":866000,"mem":22675456}}],"same":true}');
INSERT INTO public.jobs VALUES (17, 7, 9, 9, 2, 6, 0, '\x01a2095d232d791e86237ae6b382ec67', 'array', '{"task":7,"reason":"Completed","since":1795453429494794,"sub":1795453428544014,"start":1795453429492559,"end":1795453429494794,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-11d0-7b37-a3a9-66adaa627cba","dev":"cpu","at":1795453429376667,"start":1795453429492559,"end":1795453429492998,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":808000,"mem":21757952}}],"same":true}');
INSERT INTO public.jobs VALUES (19, 9, 9, 9, 2, 6, 0, '\x01a2095d232d791e86237ae6b382ec67', 'array', '{"task":9,"reason":"Completed","since":1795453429664664,"sub":1795453428544014,"start":1795453429655733,"end":1795453429664664,"n":1,"runs":[{"n":1,"worker":"w1","inc":"01a2095d-11d0-7b37-a3a9-66adaa627cba","dev":"cpu","at":1795453429588835,"start":1795453429655733,"end":1795453429664412,"res":{"state":"succeeded","reason":"Completed","dev":"cpu","user":750000,"mem":21561344}}],"same":true}');
INSERT INTO public.jobs VALUES (20, -1, 0, 20, 1, 2, 1, '\x01a2095d280c774eb5156c5f0689c162', 'tasks', '{"tasks":{"total":1000,"wait":"0-999","active":0},"reason":"Resources","detail":"first in line: asks for 2 CPUs, most free is 1 CPUs of 2 CPUs on w1","since":1795453429779952,"sub":1795453429779938}');


--
-- Data for Name: kinds; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.kinds VALUES (1, 'default', 'root', 'exec', 0);
INSERT INTO public.kinds VALUES (2, 'default', 'root', 'exec', 1);


--
-- Data for Name: lead; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.lead VALUES (1, 'vm/11895/e244053d-ca00-4156-8dae-b25bfcae4f9a', '2026-11-23 17:03:53.300299+00');


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

INSERT INTO public.workers VALUES ('w1', '{"name":"w1","incarnation":"01a2095d-11d0-7b37-a3a9-66adaa627cba","machine":{"hostname":"vm","version":"(devel)","os":"linux","arch":"amd64","cpu_model":"AMD EPYC","cpus":2,"memory_bytes":4294967296,"offers":[{"type":"exec","devices":["cpu","gpu"]},{"type":"matmul","devices":["cpu"]},{"type":"noop","devices":["cpu","gpu"]},{"type":"vecadd","devices":["cpu"]}],"isolation":"cgroup v2 kill + v1 limits (memory, pids, cpu)","boot_id":"a7855a09-516c-4c38-adc5-1979fe1724fc"},"state":"ready","since":"2026-11-23T17:03:44.193653Z","seen_at":"2026-11-23T17:03:44.193653Z","cpus_used":0,"memory_used_bytes":0,"job_count":0}');


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

CREATE INDEX jobs_live ON public.jobs USING btree (number) WHERE (live = 1);


--
-- Name: jobs_parent; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX jobs_parent ON public.jobs USING btree (parent, number) WHERE (parent <> 0);


--
-- PostgreSQL database dump complete
--


