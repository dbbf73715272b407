-- Parks records; a record that is parked already keeps its letter's id, its first time and its life.
-- $1 digests, $2 kinds, $3 printable keys, $4 keys, $5 creation times, $6 codes, $7 columns, $8 messages, $9 parents waited for,
-- $10 contents, $11 stream entries, $12 life
INSERT INTO millrace.dead_letters AS l
  (digest, kind, key, redis_key, created, code, column_name, message, waiting_for, payload, entry_id, life)
SELECT *, $12::int FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
  $10::bytea[], $11::text[])
ON CONFLICT (digest) DO UPDATE
SET code = EXCLUDED.code, column_name = EXCLUDED.column_name, message = EXCLUDED.message,
    waiting_for = EXCLUDED.waiting_for, payload = COALESCE(EXCLUDED.payload, l.payload), created = EXCLUDED.created,
    entry_id = COALESCE(EXCLUDED.entry_id, l.entry_id), last_at = now(), attempts = l.attempts + 1, due = false
