-- Which life of Redis a record belongs to: under ids that start over a deletion must find its own record. Lives are told apart by our
-- own count of them, never by clocks.

--: table millrace.incarnations
-- Every incarnation of Redis that was followed, numbered; without a number: one that somebody else had put there.
CREATE TABLE millrace.incarnations (
  incarnation text PRIMARY KEY,
  life int UNIQUE,
  began_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- Of the first one everything counts as its own; later ones were not counted before.
INSERT INTO millrace.incarnations (incarnation, life)
  SELECT incarnation, CASE WHEN began_at = '-infinity' THEN 1 ELSE 2 END FROM millrace.checkpoint WHERE incarnation IS NOT NULL;

--: column millrace.id_map.life
-- In which life the record was mapped. NULL: it is gone from Redis, though nobody deleted it.
ALTER TABLE millrace.id_map ADD COLUMN life int DEFAULT 1;

--: column millrace.dead_letters.life
ALTER TABLE millrace.dead_letters ADD COLUMN life int DEFAULT 1;

--: table millrace.kept
-- Rows that no deletion in Redis takes away: of a kind (of one training run, 0: of all), those with ids up to up_to.
CREATE TABLE millrace.kept (
  kind text NOT NULL,
  run bigint NOT NULL,
  up_to bigint NOT NULL,
  PRIMARY KEY (kind, run)
);

--: index millrace.kept (kind, run) when adopted predictions
-- What the table begins with; its primary key is the index, so this is due when the table is. Where there are no such tables, be it that
-- the registry of models is not archived, there is nothing to keep.
INSERT INTO millrace.kept
  SELECT kind, 0, up_to FROM (
    SELECT 'prediction' AS kind, (SELECT max(id) FROM predictions) AS up_to
    UNION ALL SELECT 'metric', (SELECT max(id) FROM metrics)
    UNION ALL SELECT 'hyperparam', (SELECT max(id) FROM hyperparameters)
    UNION ALL SELECT 'exprun', (SELECT max(id) FROM experiment_runs)
  ) highest
  WHERE up_to IS NOT NULL AND EXISTS (SELECT FROM millrace.incarnations WHERE life > 1);
