-- The changelog: one row for each alias that may have changed, in commit order. It nominates; it carries no value.
--   seq    commit order: SQLite has one writer at a time, and max(seq)+1 is taken inside its transaction. Gaps are no loss.
--   type   the alias type (team, player, …); NULL in the first row, which only gives the first checkpoint a row to name.
--   alias  the alias as the row held it.
--   at     milliseconds since 1970, when the row was written.
--   nonce  tells this row from another that got the same seq after the file was restored from a backup.
-- No NOT NULL, UNIQUE or CHECK: the conflict policy of the writer's statement (OR IGNORE, OR REPLACE) overrides the
-- trigger body's, so a constraint here could drop a change or fail a writer. No AUTOINCREMENT: the last consumed row is
-- always kept, so max(seq) never falls, and a writer is spared an update of sqlite_sequence.
CREATE TABLE millrace_changelog (
  seq INTEGER PRIMARY KEY,
  type,
  alias,
  at DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
  nonce DEFAULT (random())
)
