-- Replaces an entry that is too large to be read by one, at the end of the stream, that says so.
--
-- KEYS[1]  where it is: the stream, or what was set aside of it
-- KEYS[2]  the stream
-- ARGV[1]  its id
-- First away, then the new one: where memory is full nothing can be added before something was taken. A stream that takes no more entries
-- is begun anew, and with it a full pass, see renew-stream.lua. Somebody else may have replaced it already.
if redis.call('XDEL', KEYS[1], ARGV[1]) == 1 then redis.pcall('XADD', KEYS[2], '*', 'too-large', ARGV[1]) end
