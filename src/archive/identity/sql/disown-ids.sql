-- Another record claims the rows (ON_CONFLICT=overwrite): those that had them follow no more.
-- $1 kind, $2 Postgres ids
UPDATE millrace.id_map SET owned = false WHERE kind = $1 AND pg_id = ANY ($2::bigint[]) AND owned
