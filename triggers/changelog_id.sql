-- Which changelog this is: a random id, made once. A checkpoint that names another one says nothing about this file.
CREATE TABLE millrace_changelog_id (id)
