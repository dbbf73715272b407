import type { AppliedSum } from '../../pipeline/applied-report';
import type { PassWords } from '../../pipeline/pass-teller';
import { inFew } from '../../foundation/in-few';
import { timestamp } from '../../foundation/timestamp';
import type { Catalogue, KindName } from '../../mapping/kinds';
import { labelOf } from '../../mapping/statistics';
import { type Statistics, summed } from './statistics';

/** A complete pass. */
export interface ArchivePassReport {
  readonly startedAt: number;
  readonly ms: number;
  readonly reason: string;
  /** Records that were written while the pass ran, also by the tail, and records parked at its end. */
  readonly statistics: Statistics;
  readonly deleted: number;
  /** How many keys were compared. */
  readonly keys: number;
  /** How many records the pass itself found different, by kind. */
  readonly differences: Readonly<Record<KindName, number>>;
  /** How many records have rows that were there before, and stay as they are (on_conflict), by kind; left out where there are none. */
  readonly skipped?: Readonly<Record<KindName, number>>;
  /** Mappings of the user's own that no key in Redis is of; left out where there are none. */
  readonly unmatched?: readonly KindName[];
}

/** The lines the documents show, and the time. */
export function archivePassSummary({
  statistics,
  ms,
  skipped = {},
  unmatched = [],
}: ArchivePassReport): string {
  const lines = Object.entries(statistics).map(([name, count]) => `  ${labelOf(name)}: ${count}`);
  lines.push(...skippedLines(skipped).map((line) => `  ${line}`));
  if (unmatched.length > 0) lines.push(`  Nothing matches: Redis has no key of ${inFew(unmatched)}`);
  return [`[${timestamp()}] === Sync Complete in ${(ms / 1_000).toFixed(2)}s ===`, ...lines, ''].join('\n');
}

/** What is left as it was before there were records. */
export const skippedLines = (skipped: Readonly<Record<KindName, number>>): readonly string[] =>
  Object.entries(skipped).map(
    ([kind, count]) =>
      `Left as they were: ${count} ${count === 1 ? 'row' : 'rows'} that ${kind} found under ${count === 1 ? 'its key' : 'their keys'} (on_conflict)`,
  );

export const archivePassWords = (catalogue: Catalogue): PassWords<ArchivePassReport> => ({
  started: () => `[${timestamp()}] === Starting Redis → PostgreSQL Sync ===`,
  summary: archivePassSummary,
  differences: ({ differences }) => [...catalogue.keys()].map((kind) => [kind, differences[kind] ?? 0]),
});

/** How the log tells what was applied. */
export const describeRecordsApplied =
  (catalogue: Catalogue) =>
  ({ kinds, deleted, parked, ms }: AppliedSum<KindName>) => {
    const statistics = summed(catalogue, kinds, parked);
    const told = Object.entries(statistics).flatMap(([name, count]) =>
      count > 0 ? [`${labelOf(name)} ${count}`] : [],
    );
    if (deleted > 0) told.push(`Deleted ${deleted}`);
    const age = ms === undefined ? '' : ` (${ms} ms after the write)`;
    const text = `[${timestamp()}] Written to PostgreSQL: ${told.join(', ') || 'relations'}${age}`;
    return { fields: statistics, text };
  };
