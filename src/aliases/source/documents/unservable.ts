import { nearest } from '../../../foundation/nearest';

/** Why a document cannot be served now. */
export type Reason =
  'missing' | 'not-a-table' | 'no-column' | 'computed' | 'not-unique' | 'select' | 'scan' | 'not-watched';

/** Thrown while a document is checked, and caught there: the other mappings go on. */
export class Unservable extends Error {
  readonly reason: Reason;
  readonly hint: string;

  /** @param index a statement that makes an index for want of which it is refused */
  constructor(
    reason: Reason,
    message: string,
    hint: string,
    readonly index?: string,
  ) {
    super(message);
    this.reason = reason;
    this.hint = hint;
  }
}

/** A hint that begins with the name that was probably meant, if one is near enough. */
export function meant(word: string, words: readonly string[], otherwise: string): string {
  const found = nearest(word, words);
  return found === undefined ? otherwise : `Did you mean ${found}? ${otherwise}`;
}
