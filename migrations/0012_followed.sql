-- Which rows of a user's own tables follow a record of Redis, and in which life of it: see src/archive/delete/delete-own.ts.

--: table millrace.followed
-- kind: the mapping. key: md5 of the Redis key behind the mapping's prefix. life: as in millrace.incarnations, of the record that was
-- written last. Only for mappings that follow deletions, too; what lapses, or is deleted, is not here any more.
CREATE TABLE millrace.followed (
  kind text NOT NULL,
  key uuid NOT NULL,
  life int,
  PRIMARY KEY (kind, key)
);
