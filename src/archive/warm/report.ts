import type { Catalogue, Kind } from '../../mapping/kinds';
import type { WarmLimits } from './limits';
import type { Plan } from './plan';
import { emptyTally, keptBack, type Tally } from './tally';
import type { WarmFacts, WarmReport } from './warm';

export const label = ({ name, table, own }: Kind): string =>
  own === undefined ? table.replaceAll('_', ' ') : name;

/** The lines that say what is about to be done. */
export function planLines(
  { wanted }: Plan,
  { redis, postgres, evicts, stopped, streams }: WarmFacts,
  { newest: most }: WarmLimits,
): string[] {
  const lines = [`Redis at ${redis} is filled from Postgres at ${postgres}; what is there stays as it is.`];
  const there = [...wanted].filter(([, count]) => count !== 0);
  if (there.length === 0)
    lines.push('Postgres holds no records that came from Redis: there is nothing to put back.');
  for (const [kind, count] of there) {
    const newest =
      kind.identity === 'dated' && most !== 'all'
        ? `, the newest ${most} of each ${kind.parents[0]?.kind ?? ''}`
        : '';
    lines.push(`  ${label(kind)}: ${count ?? 'too many to count'}${newest}`);
  }
  for (const { kind, message, hint } of stopped)
    lines.push(`  ${kind}: nothing, for its table cannot be read as it should: ${message}: ${hint}`);
  for (const kind of streams) lines.push(`  ${kind}: nothing, for streams are not put back`);
  if (evicts)
    lines.push('Note: this Redis evicts (maxmemory-policy): what is put back may be dropped again.');
  return lines;
}

type Reason = Exclude<keyof Tally, 'restored' | 'there'>;

/** Reasons why records were not restored, in the order in which they are told. */
const reasons: readonly (readonly [Reason, string])[] = [
  ['inUse', 'kept back: another record, or something else, has the key by now'],
  ['orphaned', 'kept back: what they belong to is not in Redis'],
  ['unlike', 'kept back: they cannot be written so that they would be read back as the same'],
  ['large', 'kept back: they are larger than MAX_RECORD_SIZE'],
  ['superseded', 'not put back: their id, or that of what they belong to, was given to a newer record'],
  ['shared', 'not put back: another record stands for the row they share'],
  ['left', 'not asked for: older than those'],
  ['deleted', 'not put back: the application has deleted them'],
  ['foreign', 'rows of other programs, which were never in Redis'],
];

/** Whether every record that has its place in Redis is there by now. */
export const isComplete = ({ tallies, stopped }: WarmReport): boolean =>
  stopped.length === 0 && Object.values(tallies).every((tally) => keptBack(tally) === 0);

/** The lines that say what was done. */
export function reportLines(
  { tallies, counters, ms }: WarmReport,
  catalogue: Catalogue,
  dryRun: boolean,
): string[] {
  const ofKinds = [...catalogue.values()].map((kind) => [kind, tallies[kind.name] ?? emptyTally()] as const);
  const lines: string[] = [];
  const row = (cells: readonly (string | number)[]) => {
    const [name = '', ...numbers] = cells.map(String);
    lines.push(`  ${name.padEnd(18)}${numbers.map((number) => number.padStart(14)).join('')}`);
  };
  row(['', dryRun ? 'would restore' : 'restored', 'there already', 'kept back']);
  for (const [kind, tally] of ofKinds) {
    const [back, kept] = [tally.restored, keptBack(tally)];
    if (back + tally.there + kept > 0) row([label(kind), back, tally.there, kept]);
  }
  for (const [reason, text] of reasons) {
    const counts = ofKinds.flatMap(([kind, tally]) => {
      const count = tally[reason];
      return count === 0 ? [] : [`${label(kind)} ${count}`];
    });
    if (counts.length > 0) lines.push(`  ${counts.join(', ')}: ${text}`);
  }
  const raised = Object.entries(counters).filter(([, { before, after }]) => before !== after);
  if (raised.length > 0) {
    const changes = raised.map(([kind, { before, after }]) => `${kind} ${before || 'none'} → ${after}`);
    lines.push(`  counters: ${changes.join(', ')}`);
  }
  const total = Object.values(tallies).reduce((sum, { restored }) => sum + restored, 0);
  const seconds = (ms / 1_000).toFixed(2);
  lines.push(
    dryRun ? `Dry run: nothing was changed (${seconds}s).` : `${total} records put back in ${seconds}s.`,
  );
  return lines;
}
