-- Sessions in the way of a migration: they have a lock on a table of the archive that ALTER TABLE conflicts with, or the migrations'
-- own advisory lock.
--   $1  table names
-- pid; what: in words. Times and states of other roles' sessions are hidden from an ordinary role.
SELECT DISTINCT l.pid,
  format('pid %s%s%s has %s%s', l.pid,
    coalesce(' (' || nullif(a.application_name, '') || ')', ''),
    coalesce(' of role ' || a.usename, ''),
    CASE l.locktype WHEN 'advisory' THEN 'the lock of another migration' ELSE 'locks on ' || string_agg(DISTINCT c.relname, ', ') END,
    CASE WHEN a.xact_start IS NULL THEN '' ELSE format(', %s for %s s', a.state,
      round(extract(epoch FROM clock_timestamp() - a.xact_start))) END
  ) AS what
FROM pg_locks AS l
LEFT JOIN pg_class AS c ON l.locktype = 'relation' AND c.oid = l.relation
LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.granted AND l.pid <> pg_backend_pid()
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND (c.relname = ANY ($1) OR l.locktype = 'advisory' AND l.classid = 0 AND l.objid = 1835625580)
GROUP BY l.pid, l.locktype, a.application_name, a.usename, a.state, a.xact_start
ORDER BY l.pid
