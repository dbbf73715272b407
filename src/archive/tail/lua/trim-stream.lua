-- Trims entries that are committed, unless this is another stream than the one the position belongs to: Redis may have been flushed or
-- restored a moment ago, or the stream renewed, and then nothing of it was read yet.
--   KEYS[1]  the stream
--   KEYS[2]  the incarnation of the archive
--   ARGV[1]  the incarnation that the position belongs to
--   ARGV[2]  '~' or '=', as of XTRIM
--   ARGV[3]  the position
if redis.pcall('GET', KEYS[2]) == ARGV[1] then redis.call('XTRIM', KEYS[1], 'MINID', ARGV[2], ARGV[3]) end
