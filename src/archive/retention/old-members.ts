import type { Result } from 'ioredis';
import { readAsset } from '../../foundation/package-root';
import type { RedisConnection } from '../../connections/redis';
import { type Kind, kindOf, type Series, ageColumnOf } from '../../mapping/kinds';
import { printable } from '../letters/dead-letters';
import { instant } from '../record/instant';
import { keyOf } from '../record/key';
import { parseMember } from '../record/flat-object';
import { type Row, toRow } from '../record/row';
import { isUnfit } from '../record/unfit';
import type { Candidate, Lot, RetentionContext } from './remove-old';
import { keep, type KindReport } from './retention-report';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** retention-read-members.lua */
    millraceRetentionReadMembersBuffer(
      key: Buffer,
      parent: Buffer,
      from: number,
      count: number,
      bytes: number,
      most: number,
      ...fields: string[]
    ): Result<null | readonly [card: number, ...(Buffer | number)[]], Context>;
    /** retention-remove-members.lua */
    millraceRetentionRemoveMembers(
      key: Buffer,
      parent: Buffer,
      ...args: (string | Buffer)[]
    ): Result<number, Context>;
  }
}

/** Members read and compared in one go. */
const pageMembers = 1_000;
const pageBytes = 4 * 1024 * 1024;
/** Keys whose members are compared in one transaction: most are short, and each is a round trip. */
const groupKeys = 100;

/** How what is over calls itself; any other word may mean that it goes on, unless it has an end. */
const ended =
  /^(completed?|done|finished|succeeded|success|failed|failure|error|cancel(l?ed)|aborted|stopped|killed)$/i;

interface Member extends Candidate {
  readonly score: Buffer;
  readonly member: Buffer;
}

/** A sorted set, and what it belongs to. */
interface Owned {
  readonly kind: Kind;
  readonly series: Series;
  readonly id: Buffer;
  readonly parent: Buffer;
}

/** Fields of the parent that are to be as they were when members are removed: its creation time, how it stands, its end. */
interface ParentState {
  readonly key: Buffer;
  readonly fields: readonly string[];
  readonly values: readonly Buffer[];
}

export function defineMemberScripts({ client }: RedisConnection): void {
  for (const name of ['Read', 'Remove'] as const) {
    const lua = readAsset(`src/archive/retention/lua/retention-${name.toLowerCase()}-members.lua`);
    client.defineCommand(`millraceRetention${name}Members`, { lua, numberOfKeys: 2 });
  }
}

/** Old members of these sorted sets, if what they belong to is over: many short ones in a group, or a page of a long one. @param ids latin1 */
export async function* oldMembers(
  context: RetentionContext,
  kind: Kind,
  report: KindReport,
  ids: readonly string[],
): AsyncGenerator<readonly Lot<Member>[]> {
  let group: Lot<Member>[] = [];
  for (const [index, latin1] of ids.entries()) {
    const id = Buffer.from(latin1, 'latin1');
    let from = 0;
    for (;;) {
      const page = await readPage(context, kind, report, id, from);
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
    const members = group.reduce((sum, { candidates }) => sum + candidates.length, 0);
    if ((index + 1) % groupKeys > 0 && members < pageMembers && index + 1 < ids.length) continue;
    yield group;
    group = [];
  }
}

async function readPage(
  context: RetentionContext,
  kind: Kind,
  report: KindReport,
  id: Buffer,
  from: number,
): Promise<{ readonly lot: Lot<Member>; readonly read: number; readonly last: boolean } | undefined> {
  const { redis, ask, catalogue } = context;
  const { series, parents } = kind;
  const owner = parents[0] && kindOf(catalogue, parents[0].kind);
  if (series === undefined || owner === undefined) return undefined;
  const { created = '', lasts } = owner;
  const fields = [created, ...(lasts === undefined ? [] : [lasts.status, lasts.until])];
  const parent = id.subarray(0, Math.max(0, id.indexOf(':')));
  const key = keyOf(owner, parent);
  const reply = await ask(
    redis.client.millraceRetentionReadMembersBuffer(
      keyOf(kind, id),
      key,
      from,
      pageMembers,
      pageBytes,
      redis.maxRecordBytes,
      ...fields,
    ),
  );
  if (reply === null) return undefined;
  const [card, ...parts] = reply;
  const values = parts.splice(0, fields.length).filter((value) => typeof value !== 'number');
  const [started, status, completed] = values;
  const isThere = started !== undefined && started.length > 0;
  if (!isThere || !isOver(status, completed)) {
    keep(report, isThere ? 'running' : 'parent', nameOf(kind, id), card);
    return undefined;
  }
  const owned = { kind, series, id, parent };
  const candidates: Member[] = [];
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const [member, score] = [parts[at], parts[at + 1]];
    if (typeof member === 'number') keep(report, 'large', nameOf(kind, id));
    if (!Buffer.isBuffer(member) || !Buffer.isBuffer(score)) continue;
    const row = rowOf(owned, { started, member, score }, report);
    if (row !== undefined) candidates.push({ row, bytes: member.length, score, member });
  }
  const read = parts.length / 2;
  const lot: Lot<Member> = {
    candidates,
    whole: candidates.length === card,
    remove: (equal, mayEmpty) => remove(context, owned, { key, fields, values }, equal, mayEmpty),
  };
  return { lot, read, last: from + read >= card };
}

/** Of a kind that does not go on for a while nothing is said. */
function isOver(status: Buffer | undefined, completed: Buffer | undefined): boolean {
  if (status === undefined || completed === undefined) return true;
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
  { kind, series, id, parent }: Owned,
  { started, member, score }: { started: Buffer; member: Buffer; score: Buffer },
  report: KindReport,
): Row | undefined {
  try {
    const row = toRow({ kind, id, parents: [{ id: parent, created: started }], values: [member] });
    const fields = parseMember(member);
    const { field: time = '' } = ageColumnOf(kind) ?? {};
    const at = fields.get(time);
    if (at === undefined) {
      keep(report, 'unfit', nameOf(kind, id));
      return undefined;
    }
    if (instant(time, at) >= report.before) return undefined;
    const named = series.key.map((name) => `:${fields.get(name)?.toString('latin1') ?? ''}`).join('');
    const key = Buffer.concat([parent, Buffer.from(named, 'latin1')]);
    const place = series.score.map((name) => fields.get(name)).find((value) => value !== undefined) ?? '0';
    const known = new Set(kind.columns.map(({ field }) => field));
    if (
      key.equals(id) &&
      Number(place.toString()) === Number(score.toString()) &&
      [...fields.keys()].every((name) => known.has(name))
    )
      return row;
    keep(report, 'extra', nameOf(kind, id));
  } catch (error) {
    if (!isUnfit(error)) throw error;
    keep(report, 'unfit', nameOf(kind, id));
  }
  return undefined;
}

const nameOf = (kind: Kind, id: Buffer): string => printable(keyOf(kind, id));

async function remove(
  { redis, ask }: RetentionContext,
  { kind, id }: Owned,
  { key, fields, values }: ParentState,
  equal: readonly Member[],
  mayEmpty: boolean,
): Promise<readonly boolean[]> {
  const removed = await ask(
    redis.client.millraceRetentionRemoveMembers(
      keyOf(kind, id),
      key,
      mayEmpty ? '1' : '0',
      String(fields.length),
      ...fields.flatMap((field, index) => [field, values[index] ?? '']),
      ...equal.flatMap(({ score, member }) => [score, member]),
    ),
  );
  // Which of them stayed the script does not say; mostly none did.
  return equal.map((_member, index) => index < removed);
}
