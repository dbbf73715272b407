-- Replaces an entry that is too large to be read by another one, at the end of the stream, that says so.
--
-- KEYS[1]  where the entry is: the stream, or a stream that was set aside
-- KEYS[2]  the stream
-- ARGV[1]  the id of the entry
-- XDEL comes first: if memory is full nothing can be added before something was taken away. A stream that takes no more entries is begun
-- anew, with a full pass, see renew-stream.lua. If XDEL finds nothing, somebody else has replaced the entry already.
if redis.call('XDEL', KEYS[1], ARGV[1]) == 1 then redis.pcall('XADD', KEYS[2], '*', 'too-large', ARGV[1]) end
