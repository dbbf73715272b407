-- An operator may stop the applying of changes for a while: for every instance, and until somebody resumes it.

--: column millrace.checkpoint.paused_at
ALTER TABLE millrace.checkpoint ADD COLUMN paused_at timestamptz;

--: column millrace.checkpoint.paused_by
-- user@host, or what else asked for it: for people.
ALTER TABLE millrace.checkpoint ADD COLUMN paused_by text;
