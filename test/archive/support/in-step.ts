import type Redis from 'ioredis';
import { eventually } from '../../support/eventually';
import type { TestPostgres } from '../../support/postgres';
import { type Census, differences } from './census';
import { PackedReader } from '../../../src/archive/record/packed';

interface Stores {
  readonly redis: { readonly client: Redis };
  readonly postgres: TestPostgres;
}

/** Drops everything, Millrace's own schema too. */
export const emptied = async ({ query }: TestPostgres): Promise<unknown> =>
  query('DROP SCHEMA IF EXISTS millrace CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public');

/** The entry up to which the stream is applied. */
export async function positionOf({ query }: TestPostgres): Promise<string> {
  const [row] = await query('SELECT entry_id FROM millrace.checkpoint');
  return String(row?.['entry_id']);
}

/** Waits until the whole stream is applied. Nobody may be writing; what the mirror is about to put into it is not waited for. */
export const caughtUp = (
  { redis, postgres }: Stores,
  alive: Promise<unknown>,
  within = 20_000,
): Promise<void> =>
  eventually(
    async () => {
      const last = await redis.client.xrevrange('millrace:changes', '+', '-', 'COUNT', 1);
      expect(await positionOf(postgres)).toBe(last[0]?.[0] ?? '0-0');
    },
    { alive, within },
  );

/**
 * Waits until every record of Redis is in Postgres once, under its parents, and nothing else is, dead letters included.
 * @param kept what Redis no longer has, and Postgres keeps
 */
export async function inStep(stores: Stores, alive: Promise<unknown>, kept: Census = {}): Promise<void> {
  const within = 20_000;
  await caughtUp(stores, alive, within);
  const { redis, postgres } = stores;
  await eventually(async () => expect(await differences(redis.client, postgres, kept)).toEqual({}), {
    alive,
    within,
  });
  expect(await postgres.query('SELECT key, code, message FROM millrace.dead_letters')).toEqual([]);
}

/** Every prediction whose entry is behind the position is in Postgres: the position never runs ahead of the data. */
export async function expectNothingSkipped(
  { redis, postgres }: Stores,
  acknowledged: readonly number[],
): Promise<void> {
  const written = [...acknowledged];
  const position = await positionOf(postgres);
  const waiting = new Set<string>();
  for (const [, fields] of await redis.client.xrangeBuffer('millrace:changes', `(${position}`, '+')) {
    for (let at = 0; at < fields.length; at += 2) {
      const [field, value] = [fields[at]?.toString(), fields[at + 1]];
      if (field === 'prediction=' && value !== undefined) for (const id of idsIn(value)) waiting.add(id);
    }
  }
  const applied = written.filter((id) => !waiting.has(String(id)));
  const [row] = await postgres.query(
    'SELECT array_agg(w.id) AS missing FROM unnest($1::bigint[]) AS w (id) WHERE NOT EXISTS (SELECT FROM predictions WHERE redis_id = w.id)',
    [applied],
  );
  expect(row?.['missing'] ?? []).toEqual([]);
}

/** The first value of each packed record. */
function* idsIn(packed: Buffer): Generator<string> {
  const records = new PackedReader(packed);
  while (records.next()) yield records.values()[0]?.toString() ?? '';
}
