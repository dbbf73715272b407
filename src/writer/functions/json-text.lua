-- JSON strings and numbers as Python's json.dumps writes them.

local shortEscapes = {
  ['"'] = '\\"', ['\\'] = '\\\\', ['\b'] = '\\b', ['\f'] = '\\f', ['\n'] = '\\n', ['\r'] = '\\r', ['\t'] = '\\t'
}

local function escapeAscii(character)
  return shortEscapes[character] or format('\\u%04x', byte(character))
end

-- One character of two to four bytes as \uXXXX, or as a surrogate pair; nil leaves what is not well-formed as it is.
local function escapeWide(bytes)
  local first, second, third, fourth = byte(bytes, 1, -1)
  local code
  if #bytes == 2 then
    code = (first - 192) * 64 + second - 128
    if code < 0x80 then return nil end
  elseif #bytes == 3 then
    code = (first - 224) * 4096 + (second - 128) * 64 + third - 128
    if code < 0x800 or code > 0xffff or (code >= 0xd800 and code <= 0xdfff) then return nil end
  elseif #bytes == 4 then
    code = (first - 240) * 262144 + (second - 128) * 4096 + (third - 128) * 64 + fourth - 128
    if code < 0x10000 or code > 0x10ffff then return nil end
    code = code - 0x10000
    return format('\\u%04x\\u%04x', 0xd800 + math.floor(code / 1024), 0xdc00 + code % 1024)
  else
    return nil
  end
  return format('\\u%04x', code)
end

local function jsonString(name, text)
  if not find(text, '[%c"\\\128-\255]') then return '"' .. text .. '"' end
  local escaped = gsub(gsub(text, '[%c"\\]', escapeAscii), '[\192-\247][\128-\191]*', escapeWide)
  if find(escaped, '[\128-\255]') then refuse('%s is not valid UTF-8', name) end
  return '"' .. escaped .. '"'
end

-- The number's own text, digit for digit; NaN and the infinities as json.dumps spells them.
local function jsonNumber(name, text)
  if notFinite[text] then return notFinite[text] end
  local whole, rest = match(text, '^%-?(%d+)(.*)$')
  local fits = whole and (#whole == 1 or byte(whole) ~= 48)
    and (rest == '' or find(rest, '^%.%d+$') or find(rest, '^[eE][+-]?%d+$') or find(rest, '^%.%d+[eE][+-]?%d+$'))
  if not fits then refuse('%s must be a number as JSON writes it, not %s', name, shown(text)) end
  return text
end
