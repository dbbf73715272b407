import type { KindName } from '../../mapping/kinds';
import type { Found } from './found';
import type { Nominations } from './nomination';

/** The records that a pass found different. The applier reads them again and writes them. */
export interface Nominated {
  readonly nominated: ReadonlyMap<KindName, ReadonlySet<string>>;
  /** Metric points that Postgres lacks: they come by value, because to read their whole keys again would take long. */
  readonly points: readonly Found[];
  /** More of the same, if whoever applies this can go on at once: to be called until there is none. It counts as nominated with the rest. */
  readonly following?: () => Nominations | undefined;
}
