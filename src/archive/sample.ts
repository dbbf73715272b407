import type { Transaction } from '../connections/postgres/postgres';
import type { RedisConnection } from '../connections/redis';
import { type KindName, kindOf } from '../mapping/kinds';
import { cutSample, type KeySample, type MappingSample, noSample, sampleKeys } from '../mapping/sample';
import { printable } from './letters/dead-letters';
import { type DifferenceOptions, Differences, type RecordDifference } from './pass/differences';
import type { Found } from './record/found';
import { keyOf } from './record/key';
import { toRow } from './record/row';
import { shapeOf } from './record/shape';
import type { Target } from './record/target';
import { isUnfit } from './record/unfit';
import { lookAt } from './sample-found';
import { sampleIds } from './sample-ids';
import { countRows, haste, rowOf } from './sample-row';

export interface SampleOptions extends DifferenceOptions {
  readonly redis: RedisConnection;
}

/** A few records of a kind, as Redis and as Postgres has them, compared as a full pass does. Reads only. @throws explained errors */
export async function sampleRecords(options: SampleOptions, name: KindName): Promise<MappingSample> {
  const { redis, postgres } = options;
  const { catalogue } = options.truth;
  const kind = kindOf(catalogue, name);
  const target = options.targets().get(name);
  if (target === undefined) return noSample('its table cannot take its records');
  const { ids, complete } = await sampleIds(redis, catalogue, kind, sampleKeys).catch((error: unknown) => {
    throw redis.translate(error);
  });
  const looks = await lookAt(redis, catalogue, kind, ids);
  const founds = looks.flatMap(({ found }) => found ?? []);
  const differences = await new Differences(options, true).ofRecords(founds);
  const differenceOf = new Map(differences.map((one) => [one.found, one]));
  const whole = complete || ids.length === sampleKeys;
  const note = whole ? null : 'Redis has so many other keys that not all of them were looked at';
  try {
    return await postgres.transaction(async (transaction) => {
      await transaction.query(haste);
      const keys: KeySample[] = [];
      for (const look of looks) {
        const key = printable(keyOf(kind, look.id));
        keys.push(
          look.found === undefined
            ? { key, source: null, target: null, state: 'unfit', why: look.why }
            : { key, ...(await bothSides(transaction, target, look.found, differenceOf.get(look.found))) },
        );
      }
      return { keys, note, rows: await countRows(transaction, target) };
    });
  } catch (error) {
    throw postgres.translate(error);
  }
}

async function bothSides(
  transaction: Transaction,
  target: Target,
  found: Found,
  difference: RecordDifference | undefined,
): Promise<Omit<KeySample, 'key'>> {
  const row = await rowOfFound(transaction, target, found);
  const { change = 'same', reason, columns = [] } = difference ?? {};
  const why = reason ?? columns.map(({ column }) => column).join(', ');
  return {
    ...(shapeOf(found.kind).several ? { record: printable(found.values[0] ?? '') } : {}),
    source: cutSample(inRedis(found)),
    target: row === null ? null : cutSample(row),
    state: change,
    ...(why === '' ? {} : { why }),
  };
}

/** null: there is none, or the record can have none. */
async function rowOfFound(transaction: Transaction, target: Target, found: Found): Promise<string | null> {
  let row;
  try {
    row = toRow(found);
  } catch (error) {
    if (isUnfit(error)) return null;
    throw error;
  }
  return rowOf(transaction, target, row);
}

/** The fields that there are, by name; of a point its member, and a string as it is. */
function inRedis({ kind, values }: Found): string {
  if (['members', 'object', 'text'].includes(kind.shape)) return printable(values[0] ?? '');
  const names = shapeOf(kind).names(kind);
  const fields = values.flatMap((value, at) =>
    value === undefined ? [] : [[names[at] ?? '', printable(value)] as const],
  );
  return JSON.stringify(Object.fromEntries(fields));
}
