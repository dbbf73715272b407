-- Notes that the rows of these keys follow records of the present life of Redis: only what is noted here is deleted with its key.
-- $1 kind, $2 what the rows are known by (record/followed.ts), $3 life
INSERT INTO millrace.followed AS f (kind, key, life)
SELECT $1, key, $3::int FROM unnest($2::uuid[]) AS key
ON CONFLICT (kind, key) DO UPDATE SET life = EXCLUDED.life WHERE f.life IS DISTINCT FROM EXCLUDED.life
