-- Serves the look-up of an alias and the ordered walk; holds the id too, so that both need only the index.
CREATE INDEX {{name}} ON {{table}} ({{key}}, {{id}})
