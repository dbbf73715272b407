-- What happened that should not, over restarts: `SELECT * FROM millrace.incidents ORDER BY began_at`.

--: table millrace.incidents
-- A hundred at the most, of thirty days. code: of one that lasts, an outage; store: which one was away (NULL: the failure is none of a
-- store). ended_at: NULL while it goes on, seen_at: when it last did. times: how often it came, at least.
CREATE TABLE millrace.incidents (
  id text PRIMARY KEY,
  began_at timestamptz NOT NULL,
  what text NOT NULL,
  seen_by text NOT NULL,
  store text,
  code text,
  ended_at timestamptz,
  seen_at timestamptz,
  times int,
  last_applied_at timestamptz
);
