-- Takes rows from the records they follow, because other records claim them (ON_CONFLICT=overwrite).
-- $1 kind, $2 Postgres ids
UPDATE millrace.id_map SET owned = false WHERE kind = $1 AND pg_id = ANY ($2::bigint[]) AND owned
