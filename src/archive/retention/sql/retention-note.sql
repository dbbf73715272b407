-- Notes up to when records of the kind may be removed from Redis. Also what makes the confirmation durable: a transaction that has
-- written waits for the disk at its COMMIT, and with itself for everything that it has seen, whoever committed that and however.
-- $1 kind, $2 time
INSERT INTO millrace.retention AS r (kind, before) VALUES ($1, $2)
ON CONFLICT (kind) DO UPDATE SET before = GREATEST(r.before, EXCLUDED.before), noted_at = clock_timestamp()
