-- How far streams of the user's own are read: see src/archive/position/entry-positions.ts.

--: table millrace.entries_read
-- target: the table that the entries are rows of. key: md5 of the stream's key; stream: that key, for people. last_id: the last entry that
-- is a row of it, or parked; witness: what shows that an entry with this id is still that one. added: how many entries the stream had ever
-- been given up to it (NULL: Redis does not say). Moved in the transaction that writes the rows: what was read once is not read again,
-- whatever becomes of its row.
CREATE TABLE millrace.entries_read (
  target text NOT NULL,
  key uuid NOT NULL,
  stream text NOT NULL,
  last_id text NOT NULL,
  witness text NOT NULL,
  added bigint,
  PRIMARY KEY (target, key)
);
