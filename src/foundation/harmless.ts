/**
 * Text of a record, a file name or a server, made safe for a terminal or a log line: control characters (and with them escape sequences),
 * ends of lines, halves of surrogate pairs, and characters that turn the direction of the text are written out.
 */
export const harmless = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (character) =>
    character === '\n'
      ? '\\n'
      : character === '\t'
        ? '\\t'
        : `\\x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`,
  );

/** JSON, in one line unless indented, in which such characters are escaped. It means the same. */
export const harmlessJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, undefined, indent).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
