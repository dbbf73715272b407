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
  /** Set when the pass was of these kinds alone. */
  readonly of?: readonly KindName[];
}

/** The report of a pass of all kinds, with what those of some have compared, found and written since. Pure. */
export function joined(last: ArchivePassReport, some: ArchivePassReport): ArchivePassReport {
  const { of = [], keys, deleted, statistics, differences, skipped, unmatched = [] } = some;
  const others = (kind: KindName) => !of.includes(kind);
  return {
    ...last,
    keys: last.keys + keys,
    deleted: last.deleted + deleted,
    statistics: { ...statistics, ...sums(last.statistics, statistics), errors: statistics.errors },
    differences: sums(last.differences, differences),
    skipped: { ...only(last.skipped, others), ...skipped },
    unmatched: [...(last.unmatched ?? []).filter(others), ...unmatched],
  };
}

const sums = (one: Readonly<Record<string, number>>, other: Readonly<Record<string, number>>) =>
  Object.fromEntries(
    Object.keys({ ...one, ...other }).map((name) => [name, (one[name] ?? 0) + (other[name] ?? 0)]),
  );

/** A report without the kinds that are in force no more. Pure. */
export function reportWithin(report: ArchivePassReport, catalogue: Catalogue): ArchivePassReport {
  const inForce = (kind: KindName) => catalogue.has(kind);
  const { differences, skipped, unmatched = [] } = report;
  return {
    ...report,
    differences: only(differences, inForce),
    skipped: only(skipped, inForce),
    unmatched: unmatched.filter(inForce),
  };
}

const only = (
  counts: Readonly<Record<KindName, number>> = {},
  isOne: (kind: KindName) => boolean,
): Readonly<Record<KindName, number>> =>
  Object.fromEntries(Object.entries(counts).filter(([kind]) => isOne(kind)));

/** The lines the documents show, and the time. */
export function archivePassSummary({
  statistics,
  ms,
  skipped = {},
  unmatched = [],
  of,
}: ArchivePassReport): string {
  const lines = Object.entries(statistics).map(([name, count]) => `  ${labelOf(name)}: ${count}`);
  lines.push(...skippedLines(skipped).map((line) => `  ${line}`));
  if (unmatched.length > 0) lines.push(`  Nothing matches: Redis has no key of ${inFew(unmatched)}`);
  return [
    `[${timestamp()}] === Sync${ofWords(of)} Complete in ${(ms / 1_000).toFixed(2)}s ===`,
    ...lines,
    '',
  ].join('\n');
}

const ofWords = (of: readonly KindName[] | undefined): string => (of === undefined ? '' : ` of ${inFew(of)}`);

/** What is left as it was before there were records. */
export const skippedLines = (skipped: Readonly<Record<KindName, number>>): readonly string[] =>
  Object.entries(skipped).map(
    ([kind, count]) =>
      `Left as they were: ${count} ${count === 1 ? 'row' : 'rows'} that ${kind} found under ${count === 1 ? 'its key' : 'their keys'} (on_conflict)`,
  );

export const archivePassWords = (catalogue: Catalogue): PassWords<ArchivePassReport> => ({
  started: (of) => `[${timestamp()}] === Starting Redis → PostgreSQL Sync${ofWords(of)} ===`,
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
