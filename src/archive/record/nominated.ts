import type { KindName } from '../../mapping/kinds';
import type { Found } from './found';

/** What the pass found different: the applier reads it again and writes. */
export interface Nominated {
  readonly nominated: ReadonlyMap<KindName, ReadonlySet<string>>;
  /** Metric points that Postgres lacks: they come by value, for their keys are long. */
  readonly points: readonly Found[];
}
