-- Rows that are not as they were sent because Postgres changes them on write: see src/archive/write/alterations.ts.

--: table millrace.altered
-- sent: md5 of the record's values, as text; came: of what the row pg_id had in these columns afterwards. Such a row is in step
-- with such a record. columns: where they differ. guest: the record only leads to the row, by its name.
CREATE TABLE millrace.altered (
  kind text NOT NULL,
  pg_id bigint NOT NULL,
  sent uuid NOT NULL,
  came uuid NOT NULL,
  columns text NOT NULL,
  guest boolean NOT NULL,
  noted_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (kind, pg_id, sent)
);
