-- When the jobs of a block of numbers were submitted, the first and the last of
-- them, in microseconds since 1970: where a list of a time looks.
CREATE TABLE spans (
  block INTEGER PRIMARY KEY,
  first INTEGER NOT NULL,
  last  INTEGER NOT NULL
);
INSERT INTO spans SELECT number / 512, MIN(sub), MAX(sub)
FROM (SELECT number, CASE WHEN instr(status, '"sub":') = 0 THEN -62135596800000000
  ELSE CAST(substr(status, instr(status, '"sub":') + 6, 20) AS INTEGER) END AS sub FROM jobs) GROUP BY number / 512;

-- jobs.name holds the labels too, see SearchText in store/query.go.
UPDATE jobs SET name = name || (
  SELECT group_concat(char(31) || lower(key) || '=' || lower(value), '')
  FROM json_each((SELECT s.spec FROM specs s WHERE s.number = jobs.spec), '$.labels'))
WHERE spec IN (SELECT number FROM specs WHERE instr(spec, '"labels":{"') > 0 AND json_valid(spec) AND json_type(spec, '$.labels') = 'object');
