import { type Catalogue, type KindName, namesWhere } from './kinds';

/** The counters that the documents name, in their order. */
const documented: readonly KindName[] = ['model', 'version', 'dataset', 'run', 'experiment', 'prediction'];

/** Kinds whose ids applications give out by a counter: the documents' first, then others. */
export function countedKinds(catalogue: Catalogue): readonly KindName[] {
  const counted = namesWhere(catalogue, (kind) => kind.counted === true);
  return [
    ...documented.filter((name) => counted.includes(name)),
    ...counted.filter((name) => !documented.includes(name)),
  ];
}

export const counterKey = (kind: KindName): string => `aidb:counter:${kind}`;
