-- Which library this is.
--   KEYS    none
--   ARGV    none
-- Returns `<version of Millrace> <hash of the source>`.
register('millrace_version', function()
  return libraryVersion
end, {'no-writes'})
