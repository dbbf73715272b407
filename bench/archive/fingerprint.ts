import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { readAsset } from '../../src/foundation/package-root';
import type { Database } from './database';
import type { Scene } from './scene';

type Kind = 'model' | 'prediction';

/** Fields of the hash in the order of the checksum, those that are numbers and times marked. */
const fieldsOf: Readonly<Record<Kind, readonly (readonly [string, 'number' | 'time' | 'text'])[]>> = {
  model: [
    ...(['name', 'description', 'architecture', 'framework', 'task_type'] as const).map(text),
    ...(['input_shape', 'output_shape'] as const).map(text),
    ...(['created_at', 'updated_at'] as const).map((name) => [name, 'time'] as const),
  ],
  prediction: [
    ...(['model_version_id', 'input', 'output'] as const).map(text),
    ...(['confidence', 'inference_time_ms'] as const).map((name) => [name, 'number'] as const),
    ['timestamp', 'time'],
    text('metadata'),
  ],
};

function text(name: string): readonly [string, 'text'] {
  return [name, 'text'];
}

const sqlOf: Readonly<Record<Kind, string>> = {
  model: readAsset('bench/archive/models.sql'),
  prediction: readAsset('bench/archive/predictions.sql'),
};

const renderers = {
  text: (value: string) => value,
  number: (value: string) => String(Number(value)),
  /** Always with six digits of the second. */
  time: (value: string) => {
    const [seconds = '', fraction = ''] = value.split('.');
    return `${seconds}.${fraction.padEnd(6, '0')}`;
  },
};

const pageSize = 2_000;

/** What is in Redis, worked out without any of Millrace's code. */
async function fingerprintOfRedis(client: Redis, kind: Kind, first: number, last: number) {
  const fields = fieldsOf[kind];
  const names = fields.map(([name]) => name);
  let count = 0;
  let checksum = 0n;
  for (let from = first; from <= last; from += pageSize) {
    const reading = client.pipeline();
    const to = Math.min(last, from + pageSize - 1);
    for (let id = from; id <= to; id++) reading.hmget(`aidb:${kind}:${id}`, ...names);
    for (const [at, [, reply]] of ((await reading.exec()) ?? []).entries()) {
      const values = reply as readonly (string | null)[];
      if (values[0] === null) continue; // an id that was never used
      const rendered = fields.map(([, type], index) => renderers[type](values[index] ?? ''));
      const digest = createHash('md5')
        .update([from + at, ...rendered].join('|'))
        .digest();
      count++;
      checksum += BigInt(digest.readUInt32BE(0));
    }
  }
  return { count, checksum: String(checksum) };
}

/** The highest id given so far. */
export const counted = async (client: Redis, kind: Kind): Promise<number> =>
  Number((await client.get(`aidb:counter:${kind}`)) ?? 0);

/** What is to be found in Postgres of the records from `first` to `last`. */
export interface Wanted {
  readonly kind: Kind;
  readonly first: number;
  readonly last: number;
  readonly count: number;
  readonly checksum: string;
}

/** How many records Redis holds, and a checksum of their contents. @param first the Redis id from which records are meant @throws if not so many */
export async function wantedOf(client: Redis, kind: Kind, expected: number, first = 1): Promise<Wanted> {
  const last = await counted(client, kind);
  const { count, checksum } = await fingerprintOfRedis(client, kind, first, last);
  if (count !== expected) throw new Error(`Redis holds ${count} of ${expected} ${kind}s`);
  return { kind, first, last, count, checksum };
}

/** @throws when Postgres does not hold them and nothing else: what was measured before then does not count */
export async function verifyWanted(database: Database, wanted: Wanted): Promise<void> {
  const { kind, first, last, count, checksum } = wanted;
  const [found] = await database.query(sqlOf[kind], [first, last]);
  const [letters] = await database.query('SELECT count(*) AS count FROM millrace.dead_letters');
  if (letters?.['count'] !== '0') throw new Error(`${letters?.['count'] ?? '?'} records were parked`);
  if (found?.['count'] === String(count) && found['checksum'] === checksum) return;
  throw new Error(
    `Postgres holds ${found?.['count'] ?? '?'} ${kind}s (${found?.['checksum'] ?? '?'}) ` +
      `where Redis says ${count} (${checksum})`,
  );
}

/** Compares both sides. @param first the Redis id from which records are meant @throws when they are not the same */
export async function verify(
  { client, database }: Pick<Scene, 'client' | 'database'>,
  kind: Kind,
  expected: number,
  first = 1,
): Promise<void> {
  await verifyWanted(database, await wantedOf(client, kind, expected, first));
}
