import type { Catalogue } from './kinds';

/** The lines of the statistics, in the order of the documents; `errors` is the ninth. */
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

/** Those of the documents, then those of further kinds. */
export const statisticsOf = (catalogue: Catalogue): readonly string[] => [
  ...new Set([...documented, ...[...catalogue.values()].flatMap(({ statistic }) => statistic ?? [])]),
];

/** As a line of the documents calls it: `Hyperparams`. */
export const labelOf = (statistic: string): string => statistic.charAt(0).toUpperCase() + statistic.slice(1);
