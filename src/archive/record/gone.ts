import type { KindName } from '../../mapping/kinds';

/** A record that is not in Redis any more, or of which a part is missing there. */
export interface Gone {
  readonly kind: KindName;
  /** The part of its key after the prefix, latin1. */
  readonly id: string;
}
