import type { Kind } from '../../mapping/kinds';
import { quoteName } from './target';

/** SQL: what follows the parent in the key of the sorted set that row t came from; either part may contain a colon. */
export const seriesOf = ({ series, columns }: Kind): string =>
  (series?.key ?? [])
    .map((name) => `t.${quoteName(columns.find(({ field }) => field === name)?.column ?? name)}`)
    .join(` || ':' || `);
