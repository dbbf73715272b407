-- What every function of the library stands on: registration, and errors that come before the first write.
--
-- Functions are atomic but do not roll back. So each one checks all its arguments and the type of every key it will write,
-- then appends to the stream, then writes the data: after the first write nothing can fail any more. (Redis itself refuses
-- the whole call when it is full, read-only or unable to save.)

-- While the library is loaded there is no global but `redis`, and that without `call`: these two are set at each call, and the
-- string functions are taken from a string.
local call, tryCall
local text = ''
local byte, find, format, gsub, match, sub = text.byte, text.find, text.format, text.gsub, text.match, text.sub

-- Set by now(), for one call.
local currentTime

-- Ends the function with an error reply: `MILLRACE <message>`.
local function refuse(...)
  error({err = 'MILLRACE ' .. format(...)})
end

-- Somebody's text inside an error message: short, and on one line.
local function shown(text)
  local short = #text > 40 and sub(text, 1, 40) .. '...' or text
  return '"' .. gsub(short, '%c', '?') .. '"'
end

-- An error is returned, not thrown: Redis would add the place in this file to the message of a thrown one.
local function register(name, body, flags)
  redis.register_function{
    function_name = name,
    flags = flags or {},
    callback = function(keys, args)
      call, tryCall = redis.call, redis.pcall
      currentTime = nil
      local done, result = pcall(body, keys, args)
      if done then return result end
      -- Redis' pcall makes a string of an error that was a table.
      return type(result) == 'table' and result or {err = result}
    end
  }
end

-- Deletions free memory: they are let through when Redis is full.
local evenWhenFull = {'allow-oom'}
