-- Which record is restored for each row. Of several records under one id (ids start over when Redis is flushed) it is the newest; of
-- several that share a row (ON_CONFLICT), the one that the row follows, or else the newest.
-- {kind}; {guests}: whether a record that the row does not follow may stand for it
-- Result: redis_id, created_at, pg_id, owned
SELECT DISTINCT ON (pg_id) redis_id, created_at, pg_id, owned
FROM (
  SELECT DISTINCT ON (redis_id) redis_id, created_at, pg_id, owned
  FROM millrace.id_map WHERE kind = '{kind}' ORDER BY redis_id, created_at DESC
) newest
WHERE owned OR {guests}
ORDER BY pg_id, owned DESC, created_at DESC, redis_id DESC
