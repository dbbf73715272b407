import { type DocumentMapping, documentKeyspace } from '../../mapping/documents';
import type { JudgedMapping } from './checkpoint';
import type { AliasSink, Mappings } from './sink';

/** `new`: the keys under its prefix may be another program's. `claimed`: they may have been, and somebody has said that they are ours now. */
export type Standing = 'known' | 'new' | 'claimed';

/** What a pass finds of a new mapping in Redis: keys that no row stands for, keys that are not as their rows say, and how many keys there are. */
export interface Foreign {
  readonly stale: number;
  readonly different: number;
  readonly keys: number;
}

/**
 * Whether a mapping without keys of its own yet may write: keys that are as they should be have been ours before, or could be; a missing
 * one is nobody's. Any other may be all that somebody has of something.
 */
export const maySettle = ({ stale, different }: Foreign): boolean => stale === 0 && different === 0;

/** Whether a pass has once looked at the keys of this very prefix and kind. A mapping that was changed otherwise stays known. */
const isKnown = (mapping: JudgedMapping, found: JudgedMapping | undefined): boolean =>
  found?.prefix === mapping.prefix && found.holds === mapping.holds;

export interface IntroductionOptions {
  readonly documents: readonly DocumentMapping[];
  /** By name, what tells two wordings of a mapping apart. */
  readonly hashes: ReadonlyMap<string, string>;
  /** The names whose keys in Redis are ours from now on, whatever they hold. */
  readonly claimed: 'all' | ReadonlySet<string>;
}

/**
 * How mappings stand, going by what a checkpoint has of them. Whatever is no document is known: alias tables have a rule of their own
 * (alias-case.ts).
 */
export function standings({ documents, hashes, claimed }: IntroductionOptions) {
  const mappings = new Map(
    documents.map((document): [string, JudgedMapping] => {
      const { prefix, holds } = documentKeyspace(document);
      return [document.name, { hash: hashes.get(document.name) ?? '', prefix, holds }];
    }),
  );
  return {
    of: (name: string, found: Mappings): Standing => {
      const mapping = mappings.get(name);
      if (mapping === undefined || isKnown(mapping, found[name])) return 'known';
      return claimed === 'all' || claimed.has(name) ? 'claimed' : 'new';
    },
    /** Of these mappings those that a checkpoint lacks, or has in another wording. */
    missing: (names: readonly string[], found: Mappings): Mappings =>
      Object.fromEntries(
        names.flatMap((name) => {
          const mapping = mappings.get(name);
          const before = found[name];
          const same = mapping === undefined || (isKnown(mapping, before) && before?.hash === mapping.hash);
          return same ? [] : [[name, mapping] as const];
        }),
      ),
  };
}

/**
 * Sees to it that a new document harms no keys that were there before it: nobody writes one until a pass has found that there are none, or
 * that they are as they should be. The checkpoint, beside the keys, keeps the answer.
 */
export class Introduction {
  readonly #standings: ReturnType<typeof standings>;
  readonly #sink: AliasSink;

  constructor(sink: AliasSink, options: IntroductionOptions) {
    this.#sink = sink;
    this.#standings = standings(options);
  }

  standing(name: string): Standing {
    return this.#standings.of(name, this.#sink.mappings);
  }

  /**
   * Whether the tail may write this mapping's keys. Otherwise its changes may be passed over: the pass that makes it known then walks
   * its whole table, and looks for stale keys once more.
   */
  mayWrite(name: string): boolean {
    return this.standing(name) === 'known';
  }

  /** @param names what a pass goes on to write */
  judged(names: readonly string[]): void {
    const missing = this.#standings.missing(names, this.#sink.mappings);
    if (Object.keys(missing).length > 0) this.#sink.introduce(missing);
  }
}
