-- Another id for a changelog that has missed changes: checkpoints that name the one before are worthless. What is before the full stop
-- stays, and says that it is the changelog of this file still.
UPDATE millrace_changelog_id SET id = substr(id || '.', 1, instr(id || '.', '.')) || lower(hex(randomblob(4)))
