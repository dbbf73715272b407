import { type DocumentMapping, documentKeyspace } from '../../mapping/documents';
import type { JudgedMapping } from './checkpoint';
import type { AliasSink, Mappings } from './sink';

/**
 * `known`: its keys are ours. `unwritten`: so they are, and the pass that writes them for the first time, or for the first time as the mapping says now, is not
 * complete. `changed`: so they are, and were written by another wording of it. `new`: the keys under its prefix may be another program's. `claimed`: so it is,
 * and somebody has said that they are ours now.
 */
export type Standing = 'known' | 'unwritten' | 'changed' | 'new' | 'claimed';

export interface IntroductionOptions {
  readonly documents: readonly DocumentMapping[];
  /** By name, what tells two wordings of a mapping apart. */
  readonly hashes: ReadonlyMap<string, string>;
  /** The names whose keys in Redis are ours from now on, whatever they hold. */
  readonly claimed: 'all' | ReadonlySet<string>;
}

/** No mapping's: in place of the hash of one that is unwritten. */
const unwritten = (hash: string): string => `~${hash}`;

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
  const of = (name: string, found: Mappings): Standing => {
    const mapping = mappings.get(name);
    const before = found[name];
    if (mapping === undefined) return 'known';
    if (before?.prefix === mapping.prefix && before.holds === mapping.holds) {
      if (before.hash === mapping.hash) return 'known';
      return before.hash === unwritten(mapping.hash) ? 'unwritten' : 'changed';
    }
    return claimed === 'all' || claimed.has(name) ? 'claimed' : 'new';
  };
  return {
    of,
    /** Of these mappings those that are not in the checkpoint as they are now. */
    missing: (names: readonly string[], found: Mappings): Mappings =>
      Object.fromEntries(
        [...mappings].filter(([name]) => names.includes(name) && of(name, found) !== 'known'),
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
    const standing = this.standing(name);
    return standing !== 'new' && standing !== 'claimed';
  }

  /** Their keys are ours; until all are written they count as unwritten. @param names what a pass goes on to write */
  judged(names: readonly string[]): void {
    const begun = Object.entries(this.#standings.missing(names, this.#sink.mappings))
      .filter(([name]) => this.standing(name) !== 'unwritten')
      .map(([name, mapping]) => [name, { ...mapping, hash: unwritten(mapping.hash) }] as const);
    if (begun.length > 0) this.#sink.introduce(Object.fromEntries(begun));
  }

  /** @param names whose keys a pass has written to the last one */
  written(names: readonly string[]): void {
    const missing = this.#standings.missing(names, this.#sink.mappings);
    if (Object.keys(missing).length > 0) this.#sink.introduce(missing);
  }
}
