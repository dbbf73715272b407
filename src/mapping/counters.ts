import { type Catalogue, type KindName, namesWhere } from './kinds';

/** In the order of the documents. */
const documented: readonly KindName[] = ['model', 'version', 'dataset', 'run', 'experiment', 'prediction'];

/** Kinds whose ids applications give out by a counter: those of the documents, then further ones. */
export function countedKinds(catalogue: Catalogue): readonly KindName[] {
  const counted = namesWhere(catalogue, (kind) => kind.counted === true);
  return [
    ...documented.filter((name) => counted.includes(name)),
    ...counted.filter((name) => !documented.includes(name)),
  ];
}

export const counterKey = (kind: KindName): string => `aidb:counter:${kind}`;
