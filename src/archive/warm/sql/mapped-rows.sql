-- The rows of a kind that other records refer to, with the record that is restored for each. The newest first: of several records with
-- one name, name_to_id gets the first.
-- {table}, {columns}; {chosen}: chosen.sql
-- Result: id (in Postgres), redis_id, created (UTC), owned, the columns
SELECT t.id, c.redis_id, (c.created_at AT TIME ZONE 'UTC')::text AS created, c.owned, {columns}
FROM ({chosen}) c JOIN {table} t ON t.id = c.pg_id
ORDER BY c.created_at DESC, c.redis_id DESC
