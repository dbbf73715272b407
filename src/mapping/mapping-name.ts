/** A mapping's name is part of SCAN patterns, metrics and URLs: no glob characters, no colon, nothing to quote. */
const pattern = /^(?!__proto__$)[A-Za-z0-9_-]{1,64}$/; // which JavaScript does not keep in a record

export const isMappingName = (name: string): boolean => pattern.test(name);

/** The rule in words, as the end of a sentence. */
export const mappingNameRule = 'may hold only letters, digits, _ and - (64 at most), and not be __proto__';
