-- Two roles with the least rights: millrace_migrator makes and changes the tables (`millrace migrate`, once for each version), and
-- millrace_daemon does the daily work (`millrace run` and every other verb). It can drop nothing, and delete nothing of the archive.
--
-- For a superuser, in the database of the archive, before the first `millrace migrate`; again whenever something was added by hand:
--   psql --dbname ai_models --file deploy/postgres/role.sql
-- It sets no passwords: nobody gets in before \password millrace_migrator and \password millrace_daemon.
-- The tables are expected in the schema public. Result: none.
--
-- With ON_DELETE=delete the daemon needs DELETE on the nine tables, too: the comments below say where.
-- Before Postgres 15 everybody may make tables in public; where nobody relies on it: REVOKE CREATE ON SCHEMA public FROM PUBLIC;
BEGIN;

DO $$
DECLARE
  role text;
  archived text;
  sequence text;
BEGIN
  FOREACH role IN ARRAY ARRAY['millrace_migrator', 'millrace_daemon'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
      EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION', role);
    END IF;
    -- COPY goes through temporary tables where a record may be there already.
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO %I', current_database(), role);
  END LOOP;
  IF to_regnamespace('millrace') IS NULL THEN
    CREATE SCHEMA millrace AUTHORIZATION millrace_migrator;
  END IF;
  -- Tables that were there before and belong to others; their owners run what `millrace migrate` prints.
  FOREACH archived IN ARRAY ARRAY['models', 'datasets', 'experiments', 'model_versions', 'training_runs', 'hyperparameters',
                                  'metrics', 'experiment_runs', 'predictions'] LOOP
    IF to_regclass('public.' || archived) IS NOT NULL THEN
      EXECUTE format('GRANT SELECT, INSERT, UPDATE ON public.%I TO millrace_daemon', archived); -- , DELETE
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, REFERENCES, TRIGGER ON public.%I TO millrace_migrator', archived);
      sequence := pg_get_serial_sequence('public.' || archived, 'id');
      IF sequence IS NOT NULL THEN
        EXECUTE format('GRANT USAGE ON SEQUENCE %s TO millrace_daemon, millrace_migrator', sequence);
      END IF;
    END IF;
  END LOOP;
END
$$;

GRANT USAGE, CREATE ON SCHEMA public TO millrace_migrator;
GRANT USAGE ON SCHEMA public, millrace TO millrace_daemon;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA millrace TO millrace_daemon;

-- What the migrator is going to make, in this version and the next ones.
ALTER DEFAULT PRIVILEGES FOR ROLE millrace_migrator IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE ON TABLES TO millrace_daemon; -- , DELETE
ALTER DEFAULT PRIVILEGES FOR ROLE millrace_migrator IN SCHEMA public
  GRANT USAGE ON SEQUENCES TO millrace_daemon;
ALTER DEFAULT PRIVILEGES FOR ROLE millrace_migrator IN SCHEMA millrace
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO millrace_daemon;

COMMIT;
