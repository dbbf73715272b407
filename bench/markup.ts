const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** Text as it stands between tags. */
export const escape = (text: string): string => text.replace(/[&<>]/g, (found) => escapes[found] ?? '');
