import { fatal } from '../../foundation/errors';
import type { RedisConnection } from '../../connections/redis';
import { type AliasCase, foldAlias, keyPrefix } from '../../mapping/alias-tables';
import { readValues } from './read-keys';
import type { AliasSink } from './sink';
import type { AliasTruth } from '../source/truth';

/** How the keys in Redis spell the aliases that LOWER would change. An alias that has no key is counted in neither number. */
export interface Spelling {
  readonly asWritten: number;
  /** Keys found only in lower case, where no row is written so. */
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
  #from: unknown;
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

  /** Compares a page of one table with Redis; after a failure the same page again. @returns the counts, after the last page */
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
  const [rightCase, evidence] =
    aliasCase === 'preserve' ? (['lower', folded] as const) : (['preserve', asWritten] as const);
  if (evidence <= (aliasCase === 'preserve' ? asWritten : folded)) return;
  const how = rightCase === 'lower' ? 'folded to lower case' : 'as they are written';
  throw fatal(
    `Redis holds the aliases ${how}: with ALIAS_CASE=${aliasCase} the pass would delete keys that belong to ${evidence} aliases, and nothing was written`,
    {
      code: 'E_ALIAS_CASE',
      hint: `Set ALIAS_CASE=${rightCase}, as it was for whatever filled this Redis; if its readers are to change with it, run \`millrace reconcile --only aliases --force\`.`,
    },
  );
}

/** The types whose keys, going by the checkpoint, no pass has found spelled as ALIAS_CASE says. */
export const unvouched = (
  types: Iterable<string>,
  aliasCase: AliasCase,
  cases: Readonly<Record<string, AliasCase>> = {},
): readonly string[] => [...types].filter((type) => cases[type] !== aliasCase);

/**
 * Knows the types whose keys in Redis may be taken for ours, because a pass has found them spelled as ALIAS_CASE says. The checkpoint,
 * beside the keys, keeps the answer; before there is one the tail writes nothing.
 */
export class Vouching {
  readonly #aliasCase: AliasCase;
  readonly #force: boolean;
  readonly #sink: AliasSink;
  /** The types a pass has judged since this process started: the checkpoint may lack them still, or for good if the breaker stopped them. */
  readonly #judged = new Set<string>();

  constructor(sink: AliasSink, aliasCase: AliasCase, force: boolean) {
    this.#sink = sink;
    this.#aliasCase = aliasCase;
    this.#force = force;
  }

  /** The types whose spelling a pass has to look into before its first write. */
  doubtful(types: Iterable<string>): readonly string[] {
    if (this.#force) return [];
    const missing = unvouched(types, this.#aliasCase, this.#sink.checkpoint?.cases);
    return missing.filter((type) => !this.#judged.has(type));
  }

  /** @param types what the pass goes on to write. @param blocked what the breaker stopped: not asked about again, and not vouched for */
  judged(types: readonly string[], blocked: readonly string[]): void {
    for (const type of [...types, ...blocked]) this.#judged.add(type);
    const cases = this.#sink.checkpoint?.cases ?? {};
    const missing = unvouched(types, this.#aliasCase, cases);
    if (missing.length === 0) return;
    const more = Object.fromEntries(missing.map((type) => [type, this.#aliasCase]));
    // If this write fails, so does the next one of the pass, which then begins anew and judges again.
    this.#sink.send([], undefined, { ...cases, ...more }).catch(() => undefined);
  }

  /** For when Redis has lost what it held: the keys that are there now may be anybody's. */
  forget(): void {
    this.#judged.clear();
  }
}
