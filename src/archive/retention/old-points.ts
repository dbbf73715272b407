import type { Result } from 'ioredis';
import { readAsset } from '../../foundation/package-root';
import type { RedisConnection } from '../../connections/redis';
import { keyOf } from '../record/key';
import { instant } from '../record/instant';
import { kinds } from '../../mapping/kinds';
import { parseMember } from '../record/metric-member';
import { printable } from '../letters/dead-letters';
import type { Candidate, Lot, RetentionContext } from './remove-old';
import { keep, type KindReport } from './retention-report';
import { type Row, toRow } from '../record/row';
import { isUnfit } from '../record/unfit';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** retention-read-metrics.lua */
    millraceRetentionReadMetricsBuffer(
      key: Buffer,
      run: Buffer,
      from: number,
      count: number,
      bytes: number,
      most: number,
    ): Result<
      | null
      | readonly [started: Buffer, status: Buffer, completed: Buffer, card: number, ...(Buffer | number)[]],
      Context
    >;
    /** retention-remove-metrics.lua */
    millraceRetentionRemoveMetrics(
      key: Buffer,
      run: Buffer,
      ...args: (string | Buffer)[]
    ): Result<number, Context>;
  }
}

/** Points read and compared in one go. */
const pagePoints = 1_000;
const pageBytes = 4 * 1024 * 1024;
/** Keys whose points are compared in one transaction: most are short, and each is a round trip. */
const groupKeys = 100;

const { metric } = kinds;
const known = new Set(metric.columns.map(({ field }) => field));
/** What a finished run calls itself; any other word may mean that it goes on, unless it has an end. */
const ended =
  /^(completed?|done|finished|succeeded|success|failed|failure|error|cancel(l?ed)|aborted|stopped|killed)$/i;

interface Point extends Candidate {
  readonly score: Buffer;
  readonly member: Buffer;
}

export function defineMetricScripts({ client }: RedisConnection): void {
  for (const name of ['Read', 'Remove'] as const) {
    const lua = readAsset(`src/archive/retention/lua/retention-${name.toLowerCase()}-metrics.lua`);
    client.defineCommand(`millraceRetention${name}Metrics`, { lua, numberOfKeys: 2 });
  }
}

/** Points of these metrics that are old, of finished runs: many short metrics in a group, or a page of a long one. @param ids latin1 */
export async function* oldPoints(
  context: RetentionContext,
  report: KindReport,
  ids: readonly string[],
): AsyncGenerator<readonly Lot<Point>[]> {
  let group: Lot<Point>[] = [];
  for (const [index, latin1] of ids.entries()) {
    const id = Buffer.from(latin1, 'latin1');
    let from = 0;
    for (;;) {
      const page = await readPage(context, report, id, from);
      if (page === undefined) break;
      if (page.last) {
        group.push(page.lot);
        break;
      }
      // By itself: where its next page begins depends on what goes of this one.
      const before = report.removed;
      yield [page.lot];
      from += page.read - (context.dryRun ? 0 : report.removed - before);
    }
    const points = group.reduce((sum, { candidates }) => sum + candidates.length, 0);
    if ((index + 1) % groupKeys > 0 && points < pagePoints && index + 1 < ids.length) continue;
    yield group;
    group = [];
  }
}

async function readPage(
  context: RetentionContext,
  report: KindReport,
  id: Buffer,
  from: number,
): Promise<{ readonly lot: Lot<Point>; readonly read: number; readonly last: boolean } | undefined> {
  const { redis, ask } = context;
  const run = id.subarray(0, Math.max(0, id.indexOf(':')));
  const reply = await ask(
    redis.client.millraceRetentionReadMetricsBuffer(
      keyOf('metric', id),
      keyOf('run', run),
      from,
      pagePoints,
      pageBytes,
      redis.maxRecordBytes,
    ),
  );
  if (reply === null) return undefined;
  const [started, status, completed, card, ...flat] = reply;
  if (started.length === 0 || !isFinished(status, completed)) {
    keep(report, started.length === 0 ? 'parent' : 'running', nameOf(id), card);
    return undefined;
  }
  const points: Point[] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const [member, score] = [flat[at], flat[at + 1]];
    if (typeof member === 'number') keep(report, 'large', nameOf(id));
    if (!Buffer.isBuffer(member) || !Buffer.isBuffer(score)) continue;
    const row = rowOf({ id, run, started, member, score }, report);
    if (row !== undefined) points.push({ row, bytes: member.length, score, member });
  }
  const read = flat.length / 2;
  const state = [started, status, completed];
  const lot: Lot<Point> = {
    candidates: points,
    whole: points.length === card,
    remove: (equal, mayEmpty) => remove(context, { id, run, state, equal, mayEmpty }),
  };
  return { lot, read, last: from + read >= card };
}

function isFinished(status: Buffer, completed: Buffer): boolean {
  const text = status.toString('latin1').trim();
  return ended.test(text) || (isTime(completed) && !/^running$/i.test(text));
}

function isTime(raw: Buffer): boolean {
  try {
    return instant('completed_at', raw) !== '';
  } catch {
    return false;
  }
}

/** @returns undefined for what stays, which the report says, or is not old */
function rowOf(
  found: { id: Buffer; run: Buffer; started: Buffer; member: Buffer; score: Buffer },
  report: KindReport,
): Row | undefined {
  const { id, run, started, member, score } = found;
  try {
    const row = toRow({ kind: metric, id, parents: [{ id: run, created: started }], values: [member] });
    const fields = parseMember(member);
    const time = fields.get('timestamp');
    if (time === undefined) {
      keep(report, 'unfit', nameOf(id));
      return undefined;
    }
    if (instant('timestamp', time) >= report.before) return undefined;
    const part = (name: string) => fields.get(name) ?? Buffer.alloc(0);
    const key = Buffer.concat([run, Buffer.from(':'), part('metric_name'), Buffer.from(':'), part('split')]);
    const place = Number((fields.get('epoch') ?? fields.get('step') ?? '0').toString());
    if (
      key.equals(id) &&
      place === Number(score.toString()) &&
      [...fields.keys()].every((name) => known.has(name))
    )
      return row;
    keep(report, 'extra', nameOf(id));
  } catch (error) {
    if (!isUnfit(error)) throw error;
    keep(report, 'unfit', nameOf(id));
  }
  return undefined;
}

const nameOf = (id: Buffer): string => printable(keyOf('metric', id));

/** @param removal `state`: started_at, status and completed_at of the run as they were */
async function remove(
  { redis, ask }: RetentionContext,
  removal: {
    readonly id: Buffer;
    readonly run: Buffer;
    readonly state: readonly Buffer[];
    readonly equal: readonly Point[];
    readonly mayEmpty: boolean;
  },
): Promise<readonly boolean[]> {
  const { id, run, state, equal, mayEmpty } = removal;
  const removed = await ask(
    redis.client.millraceRetentionRemoveMetrics(
      keyOf('metric', id),
      keyOf('run', run),
      ...state,
      mayEmpty ? '1' : '0',
      ...equal.flatMap(({ score, member }) => [score, member]),
    ),
  );
  // Which of them stayed the script does not say; mostly none did.
  return equal.map((_point, index) => index < removed);
}
