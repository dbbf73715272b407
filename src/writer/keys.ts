/** The stream that every function appends to: the first key of each of them. */
export const changes = 'millrace:changes';
