import type { Catalogue } from './kinds';

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

/** All lines of the statistics: the documents' first, then those of other kinds. */
export const statisticsOf = (catalogue: Catalogue): readonly string[] => [
  ...new Set([...documented, ...[...catalogue.values()].flatMap(({ statistic }) => statistic ?? [])]),
];

/** The name of a line, as it is printed: `Hyperparams`. */
export const labelOf = (statistic: string): string => statistic.charAt(0).toUpperCase() + statistic.slice(1);
