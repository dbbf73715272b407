/**
 * What no terminal and no line may be told by a record, a file name or a server: controls and escape sequences, ends of lines, halves of
 * surrogate pairs, and what turns the direction of the text around. Written out instead.
 */
export const harmless = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (character) =>
    character === '\n'
      ? '\\n'
      : character === '\t'
        ? '\\t'
        : `\\x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`,
  );

/** JSON, in one line unless indented, that is as harmless, and means the same: what JSON itself lets through is escaped. */
export const harmlessJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, undefined, indent).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
