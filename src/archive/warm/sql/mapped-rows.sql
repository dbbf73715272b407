-- The rows of a kind that others refer to, with the record that stands for each. The newest first: of several of one name, the
-- first one gets it in name_to_id.
-- {table}, {columns}, and what is chosen: chosen.sql
-- Result: id (in Postgres), redis_id, created (UTC), owned, the columns
SELECT t.id, c.redis_id, (c.created_at AT TIME ZONE 'UTC')::text AS created, c.owned, {columns}
FROM ({chosen}) c JOIN {table} t ON t.id = c.pg_id
ORDER BY c.created_at DESC, c.redis_id DESC
