-- Notes that the rows of these keys follow records of the present life of Redis: only what is noted here is deleted with its key.
-- $1 kind, $2 md5 of the keys behind their prefix, $3 life
INSERT INTO millrace.followed AS f (kind, key, life)
SELECT $1, key, $3::int FROM unnest($2::uuid[]) AS key
ON CONFLICT (kind, key) DO UPDATE SET life = EXCLUDED.life WHERE f.life IS DISTINCT FROM EXCLUDED.life
