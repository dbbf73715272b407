-- Notes how far streams of the user's own are read, in the transaction that writes their rows.
-- $1 tables, $2 md5 of the streams' keys, $3 printable keys, $4 last ids, $5 witnesses, $6 entries added up to these (or NULL)
INSERT INTO millrace.entries_read (target, key, stream, last_id, witness, added)
SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[])
ON CONFLICT (target, key) DO UPDATE
SET stream = EXCLUDED.stream, last_id = EXCLUDED.last_id, witness = EXCLUDED.witness, added = EXCLUDED.added
