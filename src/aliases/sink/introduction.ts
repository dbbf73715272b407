import { type DocumentMapping, documentKeyspace } from '../../mapping/documents';
import type { JudgedMapping } from './checkpoint';
import type { AliasSink, Mappings } from './sink';

/**
 * `known`: its keys are ours. `changed`: so they are, and some were written by another wording of it, or by a pass that was broken off. `new`: the keys
 * under its prefix may be another program's. `claimed`: so it is, and somebody has said that they are ours now.
 */
export type Standing = 'known' | 'changed' | 'new' | 'claimed';

export interface IntroductionOptions {
  readonly documents: readonly DocumentMapping[];
  /** By name, what tells two wordings of a mapping apart. */
  readonly hashes: ReadonlyMap<string, string>;
  /** The names whose keys in Redis are ours from now on, whatever they hold. */
  readonly claimed: 'all' | ReadonlySet<string>;
}

/** No mapping's: of one whose first pass, or first since it was changed, is not complete. */
const unwrittenHash = '';

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
    if (before?.prefix === mapping.prefix && before.holds === mapping.holds)
      return before.hash === mapping.hash ? 'known' : 'changed';
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
    return standing === 'known' || standing === 'changed';
  }

  /** Their keys are ours; until all are written they count as changed. @param names what a pass goes on to write */
  judged(names: readonly string[]): void {
    const missing = this.#standings.missing(names, this.#sink.mappings);
    const unwritten: Record<string, JudgedMapping> = {};
    for (const [name, mapping] of Object.entries(missing))
      unwritten[name] = { ...mapping, hash: unwrittenHash };
    if (Object.keys(unwritten).length > 0) this.#sink.introduce(unwritten);
  }

  /** @param names whose keys a pass has written to the last one */
  written(names: readonly string[]): void {
    const missing = this.#standings.missing(names, this.#sink.mappings);
    if (Object.keys(missing).length > 0) this.#sink.introduce(missing);
  }
}
