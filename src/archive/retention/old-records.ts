import type { Result } from 'ioredis';
import { readAsset } from '../../foundation/package-root';
import type { RedisConnection } from '../../connections/redis';
import { type Catalogue, type Kind, kindOf, withIds } from '../../mapping/kinds';
import { printable } from '../letters/dead-letters';
import { keyOf } from '../record/key';
import { type Row, toRow } from '../record/row';
import { isUnfit } from '../record/unfit';
import type { Candidate, Lot, RetentionContext } from './remove-old';
import { keep, type KindReport } from './retention-report';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** retention-read-records.lua */
    millraceRetentionReadRecordsBuffer(
      count: number,
      ...keysAndArguments: (string | Buffer)[]
    ): Result<readonly (null | number | readonly (Buffer | null)[])[], Context>;
    /** retention-remove-records.lua */
    millraceRetentionRemoveRecords(
      count: number,
      ...keysAndArguments: (string | Buffer)[]
    ): Result<readonly number[], Context>;
  }
}

/** Read and compared in one go, and bytes after which no more are read. */
export const groupRecords = 500;
export const groupBytes = 4 * 1024 * 1024;
/** Removed by one script: writers wait while it runs, for about a millisecond. */
export const removedAtOnce = 100;

const none = Buffer.alloc(0);

/** Of each parent the field of the record that names it, the prefix of its key, and its field with the creation time. */
const parentsOf = (catalogue: Catalogue, { parents }: Kind) =>
  parents.map(({ kind, from }) => {
    const { prefix, created = '' } = kindOf(catalogue, kind);
    return { field: String(from), prefix, created };
  });

/** All that Postgres has a place for. */
const fieldsOf = ({ parents, columns }: Kind): readonly string[] => [
  'id',
  ...parents.map(({ from }) => String(from)),
  ...columns.map(({ field }) => field),
];

interface OldRecord extends Candidate {
  readonly id: Buffer;
  /** As the record names them; and their creation times, empty for none. */
  readonly parents: readonly Buffer[];
  readonly created: readonly Buffer[];
  readonly fields: readonly Buffer[];
  readonly values: readonly Buffer[];
}

export function defineRecordScripts({ client }: RedisConnection): void {
  for (const name of ['Read', 'Remove'] as const) {
    const lua = readAsset(`src/archive/retention/lua/retention-${name.toLowerCase()}-records.lua`);
    client.defineCommand(`millraceRetention${name}Records`, { lua });
  }
}

/** Those of these records, of a kind with a key for each, that are old; a few hundred in a group. @param ids latin1 */
export async function* oldRecords(
  context: RetentionContext,
  kind: Kind,
  report: KindReport,
  ids: readonly string[],
): AsyncGenerator<readonly Lot<OldRecord>[]> {
  const { redis, ask, catalogue } = context;
  const fields = fieldsOf(kind);
  const parents = parentsOf(catalogue, kind).flatMap(({ field, prefix, created }) => [
    field,
    prefix,
    created,
  ]);
  for (let at = 0; at < ids.length;) {
    const wanted = ids.slice(at, at + groupRecords).map((id) => Buffer.from(id, 'latin1'));
    const reply = await ask(
      redis.client.millraceRetentionReadRecordsBuffer(
        wanted.length,
        ...wanted.map((id) => keyOf(kind, id)),
        ...[String(groupBytes), String(redis.maxRecordBytes)],
        ...[String(fields.length), ...fields, ...parents],
      ),
    );
    at += reply.length;
    const candidates = reply.flatMap((record, index) => {
      const id = wanted[index] ?? none;
      if (typeof record === 'number') keep(report, 'large', printable(keyOf(kind, id)));
      const candidate =
        record === null || typeof record === 'number' ? undefined : candidateOf(kind, id, record, report);
      return candidate ? [candidate] : [];
    });
    const lots: Lot<OldRecord>[] = [];
    for (let from = 0; from < candidates.length; from += removedAtOnce)
      lots.push({
        candidates: candidates.slice(from, from + removedAtOnce),
        whole: false,
        remove: (equal) => remove(context, kind, equal),
      });
    yield lots;
  }
}

/** @param record creation times of its parents, then its fields and values @returns undefined for what stays, which the report says, or is not old */
function candidateOf(
  kind: Kind,
  id: Buffer,
  record: readonly (Buffer | null)[],
  report: KindReport,
): OldRecord | undefined {
  const created = record.slice(0, kind.parents.length);
  const flat = record.slice(kind.parents.length).map((part) => part ?? none);
  const fields = flat.filter((_part, index) => index % 2 === 0);
  const values = flat.filter((_part, index) => index % 2 === 1);
  const byName = new Map(fields.map((field, index) => [field.toString('latin1'), values[index]]));
  const parents = kind.parents.map(({ from }) => byName.get(String(from)));
  const key = printable(keyOf(kind, id));
  let row: Row;
  try {
    row = toRow({
      ...{ kind, id },
      parents: parents.map((parent, index) => ({ id: parent, created: created[index] ?? undefined })),
      values: kind.columns.map(({ field }) => byName.get(field)),
    });
  } catch (error) {
    if (!isUnfit(error)) throw error;
    keep(report, 'unfit', key);
    return undefined;
  }
  if ((row.created ?? report.before) >= report.before) return undefined;
  const known = fieldsOf(kind);
  if (byName.get('id')?.equals(id) === false || [...byName.keys()].some((name) => !known.includes(name))) {
    keep(report, 'extra', key);
    return undefined;
  }
  if (row.references.some((reference, index) => reference !== null && created[index] == null)) {
    keep(report, 'parent', key);
    return undefined;
  }
  return {
    ...{ row, id, fields, values },
    parents: parents.map((parent) => parent ?? none),
    created: created.map((time) => time ?? none),
    bytes: flat.reduce((sum, part) => sum + part.length, key.length + id.length),
  };
}

async function remove(
  { redis, ask, catalogue }: RetentionContext,
  kind: Kind,
  equal: readonly OldRecord[],
): Promise<readonly boolean[]> {
  const { index } = kind;
  const parentsThen = parentsOf(catalogue, kind);
  const keys: Buffer[] = [];
  const args: (string | Buffer)[] = [
    index === undefined ? '0' : '1',
    String(parentsThen.length),
    ...parentsThen.map(({ created }) => created),
  ];
  for (const { id, parents, created, fields, values } of equal) {
    keys.push(keyOf(kind, id));
    for (const [at, { prefix }] of parentsThen.entries())
      keys.push(Buffer.concat([Buffer.from(prefix), parents[at] ?? none]));
    if (index !== undefined) keys.push(Buffer.from(withIds(index.key, parents.map(String))));
    args.push(id, ...created, String(fields.length), ...fields, ...values);
  }
  const flags = await ask(redis.client.millraceRetentionRemoveRecords(keys.length, ...keys, ...args));
  return flags.map((flag) => flag === 1);
}
