-- Full passes on demand: `millrace reconcile` asks the owner for one, and reads its report here.

--: column millrace.checkpoint.pass_requested_at
ALTER TABLE millrace.checkpoint ADD COLUMN pass_requested_at timestamptz;

--: column millrace.checkpoint.last_pass
-- The report of the last complete pass, as JSON.
ALTER TABLE millrace.checkpoint ADD COLUMN last_pass json;
