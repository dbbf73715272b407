import type { IdMapTransaction } from './id-map';
import { type Counterpart, identityOf, type Resolved } from './resolved';
import type { Row } from '../record/row';
import type { Target } from '../record/target';

export interface Counterparts {
  readonly owned: readonly Counterpart[];
  /** Records whose row follows another record, or none: it keeps what Postgres has. */
  readonly guests: readonly Counterpart[];
  /** Records that the id map does not know. */
  readonly unmapped: readonly Row[];
}

/** The rows that records of a mapped kind stand for. */
export async function counterparts(
  ids: IdMapTransaction,
  { kind, table }: Target,
  resolved: readonly Resolved[],
): Promise<Counterparts> {
  const mappings = await ids.find(kind, table, resolved.map(({ row }) => identityOf(row))); // prettier-ignore
  const owned: Counterpart[] = [];
  const guests: Counterpart[] = [];
  const unmapped: Row[] = [];
  for (const [index, one] of resolved.entries()) {
    const mapping = mappings[index];
    if (mapping === undefined) unmapped.push(one.row);
    else (mapping.owned ? owned : guests).push({ resolved: one, pgId: mapping.pgId });
  }
  return { owned, guests, unmapped };
}
