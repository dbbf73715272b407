-- Counts a new life of Redis, whose incarnation the checkpoint names already.
-- $1 incarnation
-- Result: life, its number
INSERT INTO millrace.incarnations (incarnation, life) SELECT $1, COALESCE(max(life), 0) + 1 FROM millrace.incarnations
RETURNING life
