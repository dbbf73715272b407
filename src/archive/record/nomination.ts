import type { KindName } from '../../mapping/kinds';

/**
 * A record as a notification names it. Ids are latin1 text, one character a byte: every key survives, valid UTF-8 or not,
 * and equal keys are equal strings.
 */
export interface Nomination {
  readonly kind: KindName;
  /** The part of the key after the prefix. */
  readonly id: string;
  readonly what: Happening;
}

/**
 * What happened to a record. `deleted`: the application deleted it, or a part of it. `lapsed`: the record or a part of it is gone, or may
 * be about to go, without anybody having deleted it.
 */
export type Happening = 'changed' | 'deleted' | 'lapsed';

/** The ids of nominated records by kind, latin1. */
export type Nominations = ReadonlyMap<KindName, ReadonlySet<string>>;
