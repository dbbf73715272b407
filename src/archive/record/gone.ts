import type { KindName } from '../../mapping/kinds';

/** A record that is not in Redis any more, or not whole. */
export interface Gone {
  readonly kind: KindName;
  /** What followed `aidb:<kind>:`, latin1. */
  readonly id: string;
}
