import type { RedisConnection } from '../../connections/redis';
import type { PostgresConnection } from '../../connections/postgres/postgres';
import type { Catalogue, KindName } from '../../mapping/kinds';
import { printable } from '../letters/dead-letters';
import { keyOf } from '../record/key';
import type { Row } from '../record/row';
import type { Targets } from '../record/target';
import { confirmEqual } from './confirmation';
import { keep, type KindReport } from './retention-report';

/** What the kinds share. */
export interface RetentionContext {
  readonly redis: RedisConnection;
  readonly postgres: PostgresConnection;
  readonly targets: () => Targets;
  readonly catalogue: Catalogue;
  /** Only say what would be removed: neither store is written to. */
  readonly dryRun: boolean;
  readonly onRemoved: (kind: KindName, count: number) => void;
  /** Awaits an answer of Redis. @throws explained errors */
  readonly ask: <T>(answer: Promise<T>) => Promise<T>;
}

/** A record that is old enough, as it was read. */
export interface Candidate {
  readonly row: Row;
  /** What it takes, about. */
  readonly bytes: number;
}

/** What one script removes. */
export interface Lot<C extends Candidate> {
  readonly candidates: readonly C[];
  /** Its key would be empty without them. One of them stays if Postgres has younger rows of it: see retention-remove-members.lua. */
  readonly whole: boolean;
  /** Removes those that are still what was compared. @returns for each whether it went */
  readonly remove: (equal: readonly C[], mayEmpty: boolean) => Promise<readonly boolean[]>;
}

/**
 * Removes what is old and in Postgres: one group of lots after another, each compared in one transaction, a group a step.
 * @param groups yields as it reads; the report says by then what went of the group before
 */
export async function* removeOld<C extends Candidate>(
  context: RetentionContext,
  kind: KindName,
  report: KindReport,
  groups: AsyncGenerator<readonly Lot<C>[]>,
): AsyncGenerator<void> {
  const { postgres, targets, dryRun, onRemoved } = context;
  for await (const lots of groups) {
    const rows = lots.flatMap(({ candidates }) => candidates.map(({ row }) => row));
    const empties = lots.some(({ whole }) => whole);
    const options = { postgres, targets, kind, before: report.before, dryRun, empties };
    const confirmed = await confirmEqual(options, rows);
    let at = 0;
    for (const { candidates, whole, remove } of lots) {
      let mayEmpty = whole;
      const equal: C[] = [];
      for (const candidate of candidates) {
        const { verdict, hasYounger } = confirmed[at++] ?? { verdict: 'missing', hasYounger: false };
        if (hasYounger) mayEmpty = false;
        if (verdict === 'equal') equal.push(candidate);
        else keep(report, verdict, nameOf(candidate));
      }
      if (equal.length === 0) continue;
      const lastStays = whole && !mayEmpty && equal.length === candidates.length;
      const went = dryRun
        ? equal.map((_one, index) => !lastStays || index + 1 < equal.length)
        : await remove(equal, mayEmpty);
      let removed = 0;
      for (const [index, candidate] of equal.entries()) {
        if (went[index] === true) {
          removed++;
          report.bytes += candidate.bytes;
        } else keep(report, lastStays ? 'last' : 'changed', nameOf(candidate));
      }
      report.removed += removed;
      if (!dryRun) onRemoved(kind, removed);
    }
    yield;
  }
}

const nameOf = ({ row: { kind, found } }: Candidate): string => printable(keyOf(kind, found.id));
