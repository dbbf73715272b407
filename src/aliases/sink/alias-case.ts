import { fatal } from '../../foundation/errors';
import type { RedisConnection } from '../../connections/redis';
import { type AliasCase, foldAlias, keyPrefix } from '../../mapping/alias-tables';
import { readValues } from './read-keys';
import type { AliasSink } from './sink';
import type { AliasTruth } from '../source/truth';

/** How the keys in Redis spell the aliases that LOWER would change. An alias without a key says nothing. */
export interface Spelling {
  readonly asWritten: number;
  /** Folded keys that no row is spelled as. */
  readonly folded: number;
}

/**
 * Asks Redis whether whoever filled it folded the aliases: where a row is written `RMCF`, is there a key `RMCF`, or only `rmcf`?
 * A Redis that holds them as written keeps `RMCF` when a row `rmcf` goes, so that an ordinary deletion is no evidence.
 */
export class SpellingSurvey {
  readonly #connection: RedisConnection;
  readonly #types: readonly string[];
  readonly #truths: () => ReadonlyMap<string, AliasTruth>;
  #at = 0;
  #from: string | Buffer | undefined;
  #asWritten = 0;
  #folded = 0;

  constructor(
    connection: RedisConnection,
    types: readonly string[],
    truths: () => ReadonlyMap<string, AliasTruth>,
  ) {
    this.#connection = connection;
    this.#types = types;
    this.#truths = truths;
  }

  /** Looks at a page of one table. May throw; called again, it looks at the same page. @returns what was found after the last */
  async step(rows: number): Promise<Spelling | 'more'> {
    const type = this.#types[this.#at];
    if (type === undefined) return { asWritten: this.#asWritten, folded: this.#folded };
    const truth = this.#truths().get(type)?.asWritten;
    const page = truth?.walk(this.#from, rows);
    const written = page?.aliases.filter((alias) => foldAlias(alias) !== alias) ?? [];
    if (truth !== undefined && written.length > 0) {
      const folds = written.map(foldAlias);
      const unspelled = new Set(truth.absent(folds));
      const prefix = keyPrefix(type);
      const keys = [...written, ...folds].map((alias) => prefix + alias);
      const found = await readValues(this.#connection, keys);
      written.forEach((_, index) => {
        if (found[index] != null) this.#asWritten++;
        else if (found[written.length + index] != null && unspelled.has(index)) this.#folded++;
      });
    }
    this.#from = page?.next;
    if (this.#from === undefined) this.#at++;
    return 'more';
  }
}

/** @throws E_ALIAS_CASE (fatal) when the keys are spelled otherwise than this setting would spell them */
export function requireSpelling({ asWritten, folded }: Spelling, aliasCase: AliasCase): void {
  const [right, keys] =
    aliasCase === 'preserve' ? (['lower', folded] as const) : (['preserve', asWritten] as const);
  if (keys <= (aliasCase === 'preserve' ? asWritten : folded)) return;
  const how = right === 'lower' ? 'folded to lower case' : 'as they are written';
  throw fatal(
    `Redis holds the aliases ${how}: with ALIAS_CASE=${aliasCase} the pass would delete keys that belong to ${keys} aliases, and nothing was written`,
    {
      code: 'E_ALIAS_CASE',
      hint: `Set ALIAS_CASE=${right}, as it was for whatever filled this Redis; if its readers are to change with it, run \`millrace reconcile --only aliases --force\`.`,
    },
  );
}

/** The types whose keys nobody has found to be spelled as this setting says, going by the checkpoint in Redis. */
export const unvouched = (
  types: Iterable<string>,
  aliasCase: AliasCase,
  cases: Readonly<Record<string, AliasCase>> = {},
): readonly string[] => [...types].filter((type) => cases[type] !== aliasCase);

/**
 * Whether the keys in Redis may be taken for ours. That they may is kept in the checkpoint, beside the keys; until a pass has
 * found it out nothing may be written.
 */
export class Vouching {
  readonly #aliasCase: AliasCase;
  readonly #force: boolean;
  readonly #sink: AliasSink;
  /** Found in order since this process started, by passes that could not, or must not, say so in Redis. */
  readonly #judged = new Set<string>();

  constructor(sink: AliasSink, aliasCase: AliasCase, force: boolean) {
    this.#sink = sink;
    this.#aliasCase = aliasCase;
    this.#force = force;
  }

  /** What a pass has to look into before its first write. */
  doubtful(types: Iterable<string>): readonly string[] {
    if (this.#force) return [];
    const missing = unvouched(types, this.#aliasCase, this.#sink.checkpoint?.cases);
    return missing.filter((type) => !this.#judged.has(type));
  }

  /** @param types the pass goes on to write them; those it was stopped from writing are only not asked about again */
  judged(types: readonly string[], blocked: readonly string[]): void {
    for (const type of [...types, ...blocked]) this.#judged.add(type);
    const cases = this.#sink.checkpoint?.cases ?? {};
    const missing = unvouched(types, this.#aliasCase, cases);
    if (missing.length === 0) return;
    const more = Object.fromEntries(missing.map((type) => [type, this.#aliasCase]));
    // Where it fails, so does what the pass sends next: it begins anew, or the next pass says it.
    this.#sink.send([], undefined, { ...cases, ...more }).catch(() => undefined);
  }

  /** Redis has lost what it held: the keys may be anybody's. */
  forget(): void {
    this.#judged.clear();
  }
}
