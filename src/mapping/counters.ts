import type { Catalogue, KindName } from './kinds';

/** A counter by which applications give out the ids of a kind. */
export interface Counter {
  readonly kind: KindName;
  readonly key: string;
}

/** The counters that there are, in the order of the catalogue. */
export const countersOf = (catalogue: Catalogue): readonly Counter[] =>
  [...catalogue.values()].flatMap(({ name, counter }) =>
    counter === undefined ? [] : [{ kind: name, key: counter }],
  );
