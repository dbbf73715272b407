/**
 * The stream everything goes through, in the database of the data: the first key of each function, and of each script that needs it.
 * keys.lua has it as well, and a test compares the two.
 */
export const changesStream = 'millrace:changes';
