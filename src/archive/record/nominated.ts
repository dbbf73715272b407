import type { KindName } from '../../mapping/kinds';
import type { Found } from './found';

/** The records that a pass found different. The applier reads them again and writes them. */
export interface Nominated {
  readonly nominated: ReadonlyMap<KindName, ReadonlySet<string>>;
  /** Metric points that Postgres lacks: they come by value, because to read their whole keys again would take long. */
  readonly points: readonly Found[];
}
