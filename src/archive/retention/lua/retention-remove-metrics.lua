-- Removes points of a metric that were compared with Postgres, if their run still is what it was then.
--
-- KEYS[1] aidb:metric:<run>:<name>:<split>
-- KEYS[2] aidb:run:<run>
-- ARGV    1 to 3 started_at, status, completed_at of the run ('' for what it lacks)
--         4 1: all points may go. Redis says then that the key was deleted (`del`), which means in Postgres all rows of that name
--           and split but those covered by millrace.retention; 0: one point stays
--         5 … score and member of each point
-- Result: how many were removed
local run = redis.pcall('HMGET', KEYS[2], 'started_at', 'status', 'completed_at')
if run.err then return 0 end
for i = 1, 3 do
  if (run[i] or '') ~= ARGV[i] then return 0 end
end
local going = {}
for at = 5, #ARGV, 2 do
  if redis.pcall('ZSCORE', KEYS[1], ARGV[at + 1]) == ARGV[at] then going[#going + 1] = ARGV[at + 1] end
end
if #going == 0 then return 0 end
if ARGV[4] ~= '1' and redis.call('ZCARD', KEYS[1]) == #going then going[#going] = nil end
-- More values at once do not fit on Lua's stack.
for from = 1, #going, 1000 do
  redis.call('ZREM', KEYS[1], unpack(going, from, math.min(from + 999, #going)))
end
return #going
