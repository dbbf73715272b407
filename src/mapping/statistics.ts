import { type Catalogue, registryOf } from './kinds';

/** The lines of the statistics that the documents show, in their order; `errors` comes after them. */
const documented = [
  'models',
  'versions',
  'datasets',
  'runs',
  'hyperparams',
  'metrics',
  'experiments',
  'predictions',
] as const;

export type Statistic = (typeof documented)[number];

/** All lines of the statistics: the documents' first, where their registry is archived, then those of other kinds. */
export const statisticsOf = (catalogue: Catalogue): readonly string[] => {
  const registry = registryOf(catalogue).size > 0 || catalogue.size === 0;
  const others = [...catalogue.values()].flatMap(({ statistic }) => statistic ?? []);
  return [...new Set([...(registry ? documented : []), ...others])];
};

/** The name of a line, as it is printed: `Hyperparams`. */
export const labelOf = (statistic: string): string => statistic.charAt(0).toUpperCase() + statistic.slice(1);
