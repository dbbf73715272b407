-- The end of the scripts that read packed records: reads one after the other until the bytes to return are used up. Behind `budget`, `limit`,
-- `excess` (the bytes of a record that has too many, else false) and `record_of` (a record, or what is there instead).
local records = {}
for index, key in ipairs(KEYS) do
  local record = excess(key) or record_of(key)
  if type(record) == 'string' then
    -- Checked again, for Redis may not tell what a key takes.
    if #record > limit then record = #record else budget = budget - #record end
  end
  records[index] = record
  if budget <= 0 then break end
end
return records
