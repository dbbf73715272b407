import { type Catalogue, type KindName, namesWhere } from './kinds';

export type ConflictStrategy = 'skip' | 'overwrite' | 'merge';

/** What to do with a record whose natural key belongs to a row that did not come from it, by kind. */
export type Strategies = Readonly<Record<KindName, ConflictStrategy>> & {
  readonly default: ConflictStrategy;
};

export const strategyOf = (strategies: Strategies, kind: KindName): ConflictStrategy =>
  strategies[kind] ?? strategies.default;

const known: readonly string[] = ['skip', 'overwrite', 'merge'] satisfies ConflictStrategy[];
const isStrategy = (text: string): text is ConflictStrategy => known.includes(text);

/** Parses `skip`, or `skip,model=overwrite,dataset=merge`; kinds or their tables. A string says what is wrong. */
export function parseStrategies(text: string, catalogue: Catalogue): Strategies | string {
  const withNames = namesWhere(catalogue, ({ natural }) => natural !== undefined);
  const strategies: Record<KindName, ConflictStrategy> & { default: ConflictStrategy } = {
    default: 'skip',
  };
  for (const part of text.split(',').map((one) => one.trim().toLowerCase())) {
    const [left = '', right] = part.split('=').map((one) => one.trim());
    const strategy = right ?? left;
    if (!isStrategy(strategy)) return `knows skip, overwrite and merge, not "${strategy}"`;
    if (right === undefined) strategies.default = strategy;
    else {
      const kind = withNames.find((name) => name === left || catalogue.get(name)?.table === left);
      if (kind === undefined) {
        return `names a kind that cannot conflict, "${left}"; those that can: ${withNames.join(', ')}`;
      }
      strategies[kind] = strategy;
    }
  }
  return strategies;
}
