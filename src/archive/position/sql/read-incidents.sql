-- Incidents of the archive, the oldest first.
-- Result: one row: list, a JSON array; times in milliseconds since 1970
SELECT coalesce(json_agg(json_build_object(
  'id', id, 'at', (extract(epoch FROM began_at) * 1000)::bigint, 'what', what, 'by', seen_by,
  'outage', CASE WHEN code IS NOT NULL THEN json_build_object(
    'store', store, 'code', code,
    'endedAt', (extract(epoch FROM ended_at) * 1000)::bigint,
    'seenAt', (extract(epoch FROM seen_at) * 1000)::bigint,
    'times', times,
    'lastAppliedAt', (extract(epoch FROM last_applied_at) * 1000)::bigint) END
) ORDER BY began_at, id), '[]') AS list
FROM millrace.incidents
