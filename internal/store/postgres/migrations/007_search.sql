-- When the jobs of a block of numbers were submitted, the first and the last of
-- them, in microseconds since 1970: where a list of a time looks.
CREATE TABLE spans (
  block int8 PRIMARY KEY,
  first int8 NOT NULL,
  last  int8 NOT NULL
) WITH (fillfactor = 50);
INSERT INTO spans SELECT number / 512, MIN(sub), MAX(sub)
FROM (SELECT number, COALESCE(CAST(substring(status FROM '"sub":(-?[0-9]+)') AS int8), -62135596800000000) AS sub FROM jobs) j GROUP BY number / 512;

-- jobs.name holds the labels too, see SearchText in store/query.go. Texts that
-- json does not take, as that of a zero byte, are left as they are.
UPDATE jobs j SET name = j.name || (
  SELECT COALESCE(string_agg(chr(31) || lower(l.key) || '=' || lower(l.value), ''), '')
  FROM json_each_text(s.spec::json->'labels') l)
FROM specs s WHERE s.number = j.spec AND strpos(s.spec, '"labels":{"') > 0
  AND CASE WHEN s.spec ~* '\\u(0000|d[89a-f])' THEN false ELSE json_typeof(s.spec::json->'labels') = 'object' END;
