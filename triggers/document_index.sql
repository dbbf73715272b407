-- Serves the look-up of the keys of documents and their ordered walk.
CREATE INDEX {{name}} ON {{table}} ({{columns}})
