-- Maps identities to rows, or maps them anew.
-- $1 kind, $2 Redis ids, $3 creation times, $4 Postgres ids, $5 owned, $6 life
INSERT INTO millrace.id_map (kind, redis_id, created_at, pg_id, owned, life)
SELECT $1, *, $6::int FROM unnest($2::bigint[], $3::timestamptz[], $4::bigint[], $5::boolean[])
ON CONFLICT (kind, redis_id, created_at) DO UPDATE SET pg_id = EXCLUDED.pg_id, owned = EXCLUDED.owned, life = EXCLUDED.life
