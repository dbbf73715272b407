import { globOf } from '../../connections/keyspace-pattern';
import { commonStart } from '../../foundation/common-start';
import type { Keyspace } from '../../mapping/documents';

/** The mapping that a key belongs to, and how many bytes of the key are its prefix. */
export interface KeyOwner {
  readonly type: string;
  readonly length: number;
}

interface Prefix extends KeyOwner {
  readonly bytes: Buffer;
}

/** The prefixes of the served mappings, none of which is the beginning of another: whose a key is, and what SCAN has to bring. */
export class KeyPrefixes {
  readonly #owners: Prefix[] = [];
  /** In a fixed order. */
  readonly all: readonly string[];
  /** A pattern for MATCH that no other keys fit than those whose name begins like all of ours; undefined: ours have nothing in common. */
  readonly pattern: string | undefined;

  constructor(keyspaces: Iterable<readonly [type: string, keyspace: Pick<Keyspace, 'prefix'>]>) {
    const prefixes: string[] = [];
    for (const [type, { prefix }] of keyspaces) {
      prefixes.push(prefix);
      const bytes = Buffer.from(prefix);
      this.#owners.push({ type, length: bytes.length, bytes });
    }
    this.all = prefixes.sort();
    this.pattern = patternOf(this.all);
  }

  /** Whose the key is whose name stands there; undefined: none of ours. */
  ownerOf(bytes: Buffer, from: number, to: number): KeyOwner | undefined {
    // (Asked of each key: a call would take longer.)
    for (const owner of this.#owners) {
      const { length, bytes: prefix } = owner;
      if (to - from < length) continue;
      // From its end, where one differs from the others.
      let at = length - 1;
      while (at >= 0 && bytes[from + at] === prefix[at]) at--;
      if (at < 0) return owner;
    }
    return undefined;
  }
}

/**
 * What all prefixes begin with. Where that is not even a word (`e` of `entity:` and `events:`), it would bring the keys of half the server:
 * then the prefixes are looked for inside Redis.
 */
function patternOf(prefixes: readonly string[]): string | undefined {
  const literal = commonStart(prefixes);
  const word = prefixes.length === 1 || /[^A-Za-z0-9]/.test(literal);
  return word && literal !== '' ? `${globOf(literal)}*` : undefined;
}
