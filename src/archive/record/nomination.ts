import type { KindName } from '../../mapping/kinds';

/**
 * A record as a notification names it. Ids are latin1 text, one character a byte: every key survives, valid UTF-8 or not,
 * and equal keys are equal strings.
 */
export interface Nomination {
  readonly kind: KindName;
  /** What follows `aidb:<kind>:` in the key. */
  readonly id: string;
  readonly what: Happening;
}

/**
 * What happened to a record. `deleted`: the application took it away, or a part of it. `lapsed`: it is gone, or a part of it, or may go,
 * without anybody having deleted it.
 */
export type Happening = 'changed' | 'deleted' | 'lapsed';

/** Ids by kind, latin1. */
export type Nominations = ReadonlyMap<KindName, ReadonlySet<string>>;
