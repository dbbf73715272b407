-- Notes that the rows of these keys follow records of a life of Redis: only what is noted here is deleted with its key. A record of an older
-- life that is tried again leaves the newer one.
-- $1 kind, $2 what the rows are known by (record/own/followed.ts), $3 life, $4 whether they were there before their records
INSERT INTO millrace.followed AS f (kind, key, life, theirs)
SELECT $1, key, $3::int, $4 FROM unnest($2::uuid[]) AS key
ON CONFLICT (kind, key) DO UPDATE SET life = GREATEST(f.life, EXCLUDED.life), theirs = f.theirs AND EXCLUDED.theirs
WHERE (f.life, f.theirs) IS DISTINCT FROM (GREATEST(f.life, EXCLUDED.life), f.theirs AND EXCLUDED.theirs)
