import { type Catalogue, type KindName, kindOf } from '../../mapping/kinds';
import { retainedKinds } from '../../mapping/retention-policy';

/** Why a record that is old enough stays in Redis; `{kind}`, `{parent}`: its own, and its parent's; `{parents}`: of all that are retained. */
const keptReasons = {
  missing: 'not in Postgres',
  differs: 'not the same in Postgres',
  parked: 'parked (`millrace dead-letters list` says why)',
  parent: 'of a {parents} that is not in both stores',
  unfit: 'no time that can be read, or another value that no row can hold',
  large: 'larger than MAX_RECORD_SIZE',
  extra: 'with fields, a key or a score that Postgres has no place for',
  running: 'of {parent}s that are not finished (points of any age)',
  last: 'the last of its {kind}, of which Postgres has younger rows than Redis',
  changed: 'changed while it was looked at',
} as const;
export type KeptReason = keyof typeof keptReasons;

export interface KindReport {
  /** Records older than this are meant, `YYYY-MM-DD HH:MM:SS.ffffff` in UTC. */
  readonly before: string;
  /** Removed; in a dry run: that would be. */
  removed: number;
  /** About what they held: keys, fields, values. */
  bytes: number;
  kept: Partial<Record<KeptReason, { count: number; readonly examples: string[] }>>;
}

/** What a run of retention did, or would do. */
export interface RetentionReport {
  readonly dryRun: boolean;
  readonly startedAt: number;
  ms: number;
  /** It went over all keys. */
  complete: boolean;
  /** Keys looked at. */
  keys: number;
  /** In the order in which they are told. */
  readonly kinds: Record<KindName, KindReport>;
  readonly warnings: string[];
}

const examplesKept = 3;

export function keep(kind: KindReport, reason: KeptReason, key: string, count = 1): void {
  const kept = (kind.kept[reason] ??= { count: 0, examples: [] });
  kept.count += count;
  if (kept.examples.length < examplesKept && !kept.examples.includes(key)) kept.examples.push(key);
}

/** Whether something stays that a person may have to look at: Postgres should have had it. */
export const needsAttention = ({ kinds }: RetentionReport): boolean =>
  Object.values(kinds).some(
    ({ kept }) => kept.missing ?? kept.differs ?? kept.parked ?? kept.unfit ?? kept.large,
  );

/** For the log: what was removed, and what stayed though it was old, by kind. */
export function retentionCounts({ kinds, keys, ms }: RetentionReport) {
  const each = (count: (kind: KindReport) => number) =>
    Object.fromEntries(Object.entries(kinds).map(([name, kind]) => [name, count(kind)]));
  const stayed = ({ kept }: KindReport) => Object.values(kept).reduce((sum, { count }) => sum + count, 0);
  return { removed: each(({ removed }) => removed), kept: each(stayed), keys, ms };
}

/** A sentence for people. */
export function retentionSummary({ kinds, dryRun, ms, keys }: RetentionReport): string {
  const told = Object.entries(kinds).map(
    ([name, kind]) => `${kind.removed} ${name}s (about ${sizeOf(kind.bytes)})`,
  );
  const what = dryRun ? 'would be removed from Redis' : 'removed from Redis, safe in Postgres';
  return `${told.join(' and ')} ${what}; ${keys} keys looked at in ${(ms / 1_000).toFixed(2)}s`;
}

/** For people: the summary, and what is kept back and why. */
export function retentionLines(report: RetentionReport, catalogue: Catalogue): readonly string[] {
  const lines: string[] = report.warnings.map((warning) => `Warning: ${warning}`);
  for (const [name, kind] of Object.entries(report.kinds)) {
    lines.push(`${name}s before ${kind.before.slice(0, 19)} UTC: ${kind.removed}`);
    for (const [reason, kept] of Object.entries(kind.kept)) {
      const examples = kept.examples.join(', ') + (kept.count > kept.examples.length ? ', …' : '');
      lines.push(
        `  kept back: ${kept.count} ${reasonFor(reason as KeptReason, name, catalogue)}: ${examples}`,
      );
    }
  }
  if (!report.complete) lines.push('Stopped before all keys were looked at: the next run begins anew.');
  return [...lines, retentionSummary(report)];
}

function reasonFor(reason: KeptReason, name: KindName, catalogue: Catalogue): string {
  const parentsOf = (of: KindName) => kindOf(catalogue, of).parents.map(({ kind }) => kind);
  const parents = [...new Set(retainedKinds(catalogue).flatMap(parentsOf))];
  const last = parents.pop() ?? '';
  return keptReasons[reason]
    .replace('{kind}', name)
    .replace('{parent}', parentsOf(name)[0] ?? '')
    .replace('{parents}', parents.length === 0 ? last : `${parents.join(', ')} or ${last}`);
}

function sizeOf(bytes: number): string {
  if (bytes < 10_000) return `${bytes} bytes`;
  return bytes < 10_000_000 ? `${Math.round(bytes / 1_000)} kB` : `${Math.round(bytes / 1_000_000)} MB`;
}
