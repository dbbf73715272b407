-- What Millrace remembers in Postgres, in a schema of its own. No other program needs rights on it.
--
-- How these files are read: a line `--: <thing>` begins a step, the SQL that makes the thing. A step runs when its
-- thing is missing, so the same files serve an empty database and one that already holds tables, and mend what was
-- dropped. `when adopted <table>` limits it to a table that was there before; `when checked <table>` to one whose
-- references our triggers check (0005). Unqualified names are in the target schema: the runner sets search_path.

--: schema millrace
CREATE SCHEMA millrace;

--: table millrace.migrations
-- number, name: of the file. target: the schema whose tables this database's archive is kept in.
CREATE TABLE millrace.migrations (
  number int PRIMARY KEY,
  name text NOT NULL,
  target text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);

--: table millrace.checkpoint
-- stream: its Redis key. incarnation, seen: which Redis, and how far it was, to notice one that went back in time.
-- entry_id: the last entry whose effects are committed. epoch, owner, heartbeat: who may move it.
CREATE TABLE millrace.checkpoint (
  stream text PRIMARY KEY,
  incarnation text,
  began_at timestamptz,
  entry_id text NOT NULL DEFAULT '0-0',
  epoch bigint NOT NULL DEFAULT 0,
  owner text,
  heartbeat timestamptz,
  seen json,
  updated_at timestamptz
);

--: table millrace.id_map
-- A record's identity is (kind, Redis id, creation time): Redis ids come back after a flush, meaning others.
-- owned: the row follows this record; false when it belonged to somebody else already (ON_CONFLICT).
CREATE TABLE millrace.id_map (
  kind text NOT NULL,
  redis_id bigint NOT NULL,
  created_at timestamptz NOT NULL,
  pg_id bigint NOT NULL,
  owned boolean NOT NULL,
  PRIMARY KEY (kind, redis_id, created_at)
);

--: index millrace.id_map (kind, pg_id)
CREATE INDEX ON millrace.id_map (kind, pg_id);

--: table millrace.dead_letters
-- Records that could not be applied. digest: md5 of kind, key and creation time, so that a record has one letter.
-- waiting_for: '<kind>:<redis id>' of the parent whose arrival releases it. due: to be tried again at the next pass.
CREATE TABLE millrace.dead_letters (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  digest uuid NOT NULL UNIQUE,
  kind text NOT NULL,
  key text NOT NULL,
  redis_key bytea NOT NULL,
  created text,
  code text NOT NULL,
  column_name text,
  message text NOT NULL,
  waiting_for text,
  payload bytea,
  entry_id text,
  first_at timestamptz NOT NULL DEFAULT now(),
  last_at timestamptz NOT NULL DEFAULT now(),
  attempts int NOT NULL DEFAULT 1,
  due boolean NOT NULL DEFAULT false
);
CREATE INDEX ON millrace.dead_letters (waiting_for) WHERE waiting_for IS NOT NULL;
CREATE INDEX ON millrace.dead_letters (due) WHERE due;

--: index millrace.dead_letters (kind)
CREATE INDEX ON millrace.dead_letters (kind);
