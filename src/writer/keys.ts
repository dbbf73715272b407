/**
 * The key of the stream, in the database of the records. It is the first key of each function, and of each script that needs the stream.
 * keys.lua has it as well, and a test compares the two.
 */
export const changesStream = 'millrace:changes';
