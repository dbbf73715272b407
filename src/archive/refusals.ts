import type { BatchOutcome } from './write/attempt';
import { type Catalogue, type KindName, kindOf } from '../mapping/kinds';
import type { Unfit } from './record/unfit';

/** If this many records of a kind were refused and none was written, the fault is not the records'. */
const enough = 12;

/** A kind of which Postgres takes nothing any more, and why. No contents. */
export interface RefusedKind {
  readonly kind: KindName;
  readonly count: number;
  readonly code: string;
  readonly column: string | null;
  readonly constraint: string | null;
}

/** Finds kinds of which Postgres refuses every record for one reason: a new column, a CHECK, a trigger. */
export class Refusals {
  readonly #rows = new Map<KindName, RefusedKind>();

  note({ landed, refused }: Pick<BatchOutcome, 'landed' | 'refused'>): void {
    for (const [kind, reasons] of refused) for (const reason of reasons) this.#count(kind, reason);
    for (const kind of landed) this.#rows.delete(kind);
  }

  /** Forgets all, because another instance writes from now on. */
  clear(): void {
    this.#rows.clear();
  }

  get list(): readonly RefusedKind[] {
    return [...this.#rows.values()].filter(({ count }) => count >= enough);
  }

  #count(kind: KindName, reason: Unfit): void {
    const { code } = reason;
    const column = reason.column ?? null;
    const constraint = reason.constraint ?? null;
    const before = this.#rows.get(kind);
    const same = before?.code === code && before.column === column && before.constraint === constraint;
    this.#rows.set(kind, { kind, code, column, constraint, count: same ? before.count + 1 : 1 });
  }
}

/** What `/readyz` says of a refused kind. */
export function refusalTrouble(
  catalogue: Catalogue,
  { kind, count, code, column, constraint }: RefusedKind,
): string {
  const where = Object.entries({ column, constraint }).flatMap(([what, name]) => (name === null ? [] : `${what} ${name}`)); // prettier-ignore
  const reason = [code, ...where].join(', ');
  const { table } = kindOf(catalogue, kind);
  const remedy =
    code === '23502' && column !== null
      ? `ALTER TABLE ${table} ALTER COLUMN ${column} DROP NOT NULL, or SET DEFAULT`
      : `mend table ${table}, its constraints or triggers (\`millrace dead-letters list --kind ${kind}\` has Postgres' words)`;
  return `archive: Postgres refuses every ${kind}, ${count} in a row (${reason}): ${remedy}, then \`millrace dead-letters retry --kind ${kind}\``;
}
