-- Cuts off the stream what is committed, unless it is another one than the position belongs to: it may have been renewed, flushed or
-- restored a moment ago, and nothing of it was read yet.
--   KEYS[1]  the stream
--   KEYS[2]  the incarnation of the archive
--   ARGV[1]  the incarnation that the position is of
--   ARGV[2]  '~' or '=', as of XTRIM
--   ARGV[3]  the position
if redis.pcall('GET', KEYS[2]) == ARGV[1] then redis.call('XTRIM', KEYS[1], 'MINID', ARGV[2], ARGV[3]) end
