/** A pattern of Redis (MATCH, PSUBSCRIBE, the keys of an ACL rule) that nothing but this text fits. */
export const globLiteral = (text: string): string => text.replaceAll(/[*?[\]^\\-]/g, '\\$&');
