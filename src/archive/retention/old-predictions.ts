import type { Result } from 'ioredis';
import { readAsset } from '../../foundation/package-root';
import type { RedisConnection } from '../../connections/redis';
import type { Found } from '../record/found';
import type { Identity } from '../record/identity';
import { kinds } from '../../mapping/kinds';
import type { Candidate, Lot, RetentionContext } from './remove-old';
import { keep, type KindReport } from './retention-report';
import { type Row, toRow } from '../record/row';
import { isUnfit } from '../record/unfit';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** retention-read-predictions.lua */
    millraceRetentionReadPredictionsBuffer(
      count: number,
      ...keysAndArguments: string[]
    ): Result<readonly (null | number | readonly [Buffer | null, ...Buffer[]])[], Context>;
    /** retention-remove-predictions.lua */
    millraceRetentionRemovePredictions(
      count: number,
      ...keysAndArguments: (string | Buffer)[]
    ): Result<readonly number[], Context>;
  }
}

/** Read and compared in one go, and bytes after which no more are read. */
const groupRecords = 500;
const groupBytes = 4 * 1024 * 1024;
/** Removed by one script: writers wait while it runs, for about a millisecond. */
const removedAtOnce = 100;

const prefix = 'aidb:prediction:';
const { prediction } = kinds;
/** All that Postgres has a place for. */
const known = new Set(['id', 'model_version_id', ...prediction.columns.map(({ field }) => field)]);

interface OldPrediction extends Candidate {
  readonly id: string;
  readonly version: Buffer;
  readonly versionCreated: Buffer;
  readonly fields: readonly Buffer[];
  readonly values: readonly Buffer[];
}

export function definePredictionScripts({ client }: RedisConnection): void {
  for (const name of ['Read', 'Remove'] as const) {
    const lua = readAsset(`src/archive/retention/lua/retention-${name.toLowerCase()}-predictions.lua`);
    client.defineCommand(`millraceRetention${name}Predictions`, { lua });
  }
}

/** Those of these predictions that are old; a few hundred in a group. */
export async function* oldPredictions(
  context: RetentionContext,
  report: KindReport,
  found: readonly Identity[],
): AsyncGenerator<readonly Lot<OldPrediction>[]> {
  const { redis, ask } = context;
  const ids = [...new Set(found.filter(({ created }) => created < report.before).map(({ id }) => id))];
  for (let at = 0; at < ids.length;) {
    const wanted = ids.slice(at, at + groupRecords);
    const keys = wanted.map((id) => `${prefix}${id}`);
    const reply = await ask(
      redis.client.millraceRetentionReadPredictionsBuffer(
        keys.length,
        ...keys,
        String(groupBytes),
        String(redis.maxRecordBytes),
      ),
    );
    at += reply.length;
    const candidates = reply.flatMap((record, index) => {
      const id = wanted[index] ?? '';
      if (typeof record === 'number') keep(report, 'large', `${prefix}${id}`);
      const candidate =
        record === null || typeof record === 'number' ? undefined : candidateOf(id, record, report);
      return candidate ? [candidate] : [];
    });
    const lots: Lot<OldPrediction>[] = [];
    for (let from = 0; from < candidates.length; from += removedAtOnce)
      lots.push({
        candidates: candidates.slice(from, from + removedAtOnce),
        whole: false,
        remove: (equal) => remove(context, equal),
      });
    yield lots;
  }
}

/** @returns undefined for what stays, which the report says, or is not old */
function candidateOf(
  id: string,
  [created, ...flat]: readonly [Buffer | null, ...Buffer[]],
  report: KindReport,
): OldPrediction | undefined {
  const fields = flat.filter((_part, index) => index % 2 === 0);
  const values = flat.filter((_part, index) => index % 2 === 1);
  const byName = new Map(fields.map((field, index) => [field.toString('latin1'), values[index]]));
  const version = byName.get('model_version_id');
  const key = `${prefix}${id}`;
  let row: Row;
  try {
    const record: Found = {
      kind: prediction,
      id: Buffer.from(id),
      parents: [{ id: version, created: created ?? undefined }],
      values: prediction.columns.map(({ field }) => byName.get(field)),
    };
    row = toRow(record);
  } catch (error) {
    if (!isUnfit(error)) throw error;
    keep(report, 'unfit', key);
    return undefined;
  }
  if ((row.created ?? report.before) >= report.before) return undefined;
  const ownId = byName.get('id')?.toString('latin1') ?? id;
  if (ownId !== id || [...byName.keys()].some((name) => !known.has(name))) {
    keep(report, 'extra', key);
    return undefined;
  }
  if (version === undefined || created === null) {
    keep(report, 'parent', key);
    return undefined;
  }
  const bytes = flat.reduce((sum, part) => sum + part.length, key.length + id.length);
  return { row, id, version, versionCreated: created, fields, values, bytes };
}

async function remove(
  { redis, ask }: RetentionContext,
  equal: readonly OldPrediction[],
): Promise<readonly boolean[]> {
  const keys: Buffer[] = [];
  const args: (string | Buffer)[] = [];
  for (const { id, version, versionCreated, fields, values } of equal) {
    keys.push(
      Buffer.from(`${prefix}${id}`),
      Buffer.concat([Buffer.from('aidb:version:'), version]),
      Buffer.concat([Buffer.from('aidb:idx:predictions:'), version]),
    );
    args.push(id, versionCreated, String(fields.length), ...fields, ...values);
  }
  const flags = await ask(redis.client.millraceRetentionRemovePredictions(keys.length, ...keys, ...args));
  return flags.map((flag) => flag === 1);
}
