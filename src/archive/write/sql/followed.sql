-- Which of these keys a record was written to, in whatever life of Redis.
-- $1 kind, $2 md5 of the keys behind their prefix
-- Result: n (from 1)
SELECT given.n
FROM unnest($2::uuid[]) WITH ORDINALITY AS given (key, n)
WHERE EXISTS (SELECT FROM millrace.followed f WHERE f.kind = $1 AND f.key = given.key)
