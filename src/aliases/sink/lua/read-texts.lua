-- What strings hold, however large. Begins with held.lua. Reads only.
--
-- ARGV  1 keys, packed
-- Result: an array of MessagePack of their texts; false where there is none, or a key of another type
return cmsgpack.pack(textsOf(cmsgpack.unpack(ARGV[1])))
