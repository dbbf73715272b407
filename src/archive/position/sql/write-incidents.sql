-- Writes the incidents of the archive; the caller has just emptied the table.
-- $1 a JSON array as read-incidents.sql gives it
-- Result: none
INSERT INTO millrace.incidents (id, began_at, what, seen_by, store, code, ended_at, seen_at, times, last_applied_at)
SELECT one ->> 'id', to_timestamp((one ->> 'at')::float8 / 1000), one ->> 'what', one ->> 'by',
  one #>> '{outage,store}', one #>> '{outage,code}',
  to_timestamp((one #>> '{outage,endedAt}')::float8 / 1000),
  to_timestamp((one #>> '{outage,seenAt}')::float8 / 1000),
  (one #>> '{outage,times}')::int,
  to_timestamp((one #>> '{outage,lastAppliedAt}')::float8 / 1000)
FROM json_array_elements($1::json) AS one
