import type { Result } from 'ioredis';
import { readAsset } from '../../foundation/package-root';
import type { RedisConnection } from '../../connections/redis';
import { ageColumnOf, type Kind } from '../../mapping/kinds';
import { printable } from '../letters/dead-letters';
import { keyOf } from '../record/key';
import { parseMember } from '../record/flat-object';
import { type Row, toRow } from '../record/row';
import { shapeOf } from '../record/shape';
import { isUnfit } from '../record/unfit';
import { groupBytes, groupRecords, removedAtOnce } from './old-records';
import type { Candidate, Lot, RetentionContext } from './remove-old';
import { keep, type KindReport } from './retention-report';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** retention-read-strings.lua */
    millraceRetentionReadStringsBuffer(
      count: number,
      ...keysAndArguments: (string | Buffer)[]
    ): Result<readonly (null | number | readonly Buffer[])[], Context>;
    /** retention-remove-strings.lua */
    millraceRetentionRemoveStrings(
      count: number,
      ...keysAndArguments: (string | Buffer)[]
    ): Result<readonly number[], Context>;
  }
}

/** A record as it was read: fields and values of the hash, in turn, or the string. */
interface OldOwn extends Candidate {
  readonly key: Buffer;
  readonly contents: readonly Buffer[];
}

export function defineStringScripts({ client }: RedisConnection): void {
  for (const name of ['Read', 'Remove'] as const) {
    const lua = readAsset(`src/archive/retention/lua/retention-${name.toLowerCase()}-strings.lua`);
    client.defineCommand(`millraceRetention${name}Strings`, { lua });
  }
}

/** Those of these records of the user's own, a hash or a string each, that are old; a few hundred in a group. @param ids latin1 */
export async function* oldOwn(
  context: RetentionContext,
  kind: Kind,
  report: KindReport,
  ids: readonly string[],
): AsyncGenerator<readonly Lot<OldOwn>[]> {
  for (let at = 0; at < ids.length;) {
    const wanted = ids.slice(at, at + groupRecords).map((id) => Buffer.from(id, 'latin1'));
    const reply = await read(context, kind, wanted);
    at += reply.length;
    const candidates = reply.flatMap((contents, index) => {
      const id = wanted[index] ?? Buffer.alloc(0);
      if (typeof contents === 'number') keep(report, 'large', printable(keyOf(kind, id)));
      const candidate =
        contents === null || typeof contents === 'number'
          ? undefined
          : candidateOf(kind, id, contents, report);
      return candidate === undefined ? [] : [candidate];
    });
    const lots: Lot<OldOwn>[] = [];
    for (let from = 0; from < candidates.length; from += removedAtOnce)
      lots.push({
        candidates: candidates.slice(from, from + removedAtOnce),
        whole: false,
        remove: (equal) => remove(context, kind, equal),
      });
    yield lots;
  }
}

async function read(
  { redis, ask }: RetentionContext,
  kind: Kind,
  ids: readonly Buffer[],
): Promise<readonly (null | number | readonly Buffer[])[]> {
  const { client, maxRecordBytes } = redis;
  const keys = ids.map((id) => keyOf(kind, id));
  const limits = [String(groupBytes), String(maxRecordBytes)];
  if (kind.shape !== 'hash')
    return ask(client.millraceRetentionReadStringsBuffer(keys.length, ...keys, ...limits));
  const fields = shapeOf(kind).fields(kind);
  const reply = await ask(
    client.millraceRetentionReadRecordsBuffer(
      ...[keys.length, ...keys, ...limits, String(fields.length), ...fields],
    ),
  );
  return reply.map((record) =>
    record === null || typeof record === 'number' ? record : record.map((part) => part ?? Buffer.alloc(0)),
  );
}

/** @returns undefined for what stays, which the report says, or is not old */
function candidateOf(
  kind: Kind,
  id: Buffer,
  contents: readonly Buffer[],
  report: KindReport,
): OldOwn | undefined {
  const key = keyOf(kind, id);
  try {
    const hash = new Map<string, Buffer>();
    if (kind.shape === 'hash')
      for (const [at, field] of contents.entries())
        if (at % 2 === 0) hash.set(field.toString('latin1'), contents[at + 1] ?? Buffer.alloc(0));
    const values =
      kind.shape === 'hash'
        ? kind.columns.map(({ field }) => hash.get(Buffer.from(field).toString('latin1')))
        : contents;
    const row = toRow({ kind, id, parents: [], values });
    const age = ageOf(row);
    if (age === undefined) {
      keep(report, 'unfit', printable(key));
      return undefined;
    }
    if (age >= report.before) return undefined;
    if (fieldsIn(kind, hash, contents).some((field) => !kind.columns.some((one) => one.field === field))) {
      keep(report, 'extra', printable(key));
      return undefined;
    }
    return { row, key, contents, bytes: contents.reduce((sum, part) => sum + part.length, key.length) };
  } catch (error) {
    if (!isUnfit(error)) throw error;
    keep(report, 'unfit', printable(key));
    return undefined;
  }
}

/** The first time of the record, without its zone, which is UTC; undefined: it has none. */
function ageOf({ kind, values }: Row): string | undefined {
  const column = ageColumnOf(kind);
  const time = column && values[kind.columns.indexOf(column)];
  return typeof time === 'string' ? time.replace(/\+00$/, '') : undefined;
}

/** The names of what the record has; a string that is one value has none. */
function fieldsIn(
  kind: Kind,
  hash: ReadonlyMap<string, Buffer>,
  [text = Buffer.alloc(0)]: readonly Buffer[],
): readonly string[] {
  if (kind.shape === 'hash') return [...hash.keys()].map((name) => Buffer.from(name, 'latin1').toString());
  return kind.shape === 'object' ? [...parseMember(text).keys()] : [];
}

async function remove(
  { redis, ask }: RetentionContext,
  kind: Kind,
  equal: readonly OldOwn[],
): Promise<readonly boolean[]> {
  const { client } = redis;
  const keys = equal.map(({ key }) => key);
  if (kind.shape !== 'hash') {
    const values = equal.flatMap(({ contents }) => contents);
    const went = await ask(client.millraceRetentionRemoveStrings(keys.length, ...keys, ...values));
    return went.map((flag) => flag === 1);
  }
  // No index, and no parents.
  const args: (string | Buffer)[] = ['0', '0'];
  for (const { row, contents } of equal) {
    const isField = (_part: Buffer, at: number) => at % 2 === 0;
    const fields = contents.filter(isField);
    const values = contents.filter((part, at) => !isField(part, at));
    args.push(row.found.id, String(fields.length), ...fields, ...values);
  }
  const went = await ask(client.millraceRetentionRemoveRecords(keys.length, ...keys, ...args));
  return went.map((flag) => flag === 1);
}
