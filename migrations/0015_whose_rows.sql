-- Which rows of a user's own tables are whose: see src/archive/schema/own/mapped.ts and src/archive/write/own/adopt-own.ts.

--: column millrace.mapped.others
-- Whether the table has, or may have, rows that stay as they are whatever the records of their keys become: those that were there before the
-- mapping was, where nobody has said on_conflict: overwrite.
ALTER TABLE millrace.mapped ADD COLUMN others boolean NOT NULL DEFAULT false;

--: column millrace.followed.theirs
-- Whether the row was there before its record: it was found as that is, and so it follows it; but no deletion takes it.
ALTER TABLE millrace.followed ADD COLUMN theirs boolean NOT NULL DEFAULT false;
