-- What retention may have taken out of Redis: see src/archive/retention/retention.ts.

--: table millrace.retention
-- before: records of the kind that are older may have been removed from Redis because they are here. Noted before they are, in
-- the transaction that found them equal: that such a record is gone from Redis never means that the application deleted it.
CREATE TABLE millrace.retention (
  kind text PRIMARY KEY,
  before timestamptz NOT NULL,
  noted_at timestamptz NOT NULL DEFAULT now()
);
