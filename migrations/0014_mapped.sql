-- Which mappings of the user's own are, or were, in force, and which tables have rows of theirs: see src/archive/schema/mapped.ts.

--: table millrace.mapped
-- kind: the mapping. table_name: its table, qualified and quoted. prefix: what its keys begin with. Noted before its first row is written. A
-- mapping that is here and not in force any more was taken out of the file; what is left of it stays until it is forgotten.
CREATE TABLE millrace.mapped (
  kind text PRIMARY KEY,
  table_name text NOT NULL,
  prefix text NOT NULL,
  noted_at timestamptz NOT NULL DEFAULT now()
);
