import type Redis from 'ioredis';
import { type Form, type Name, type Table, tables } from './tables';

/** The text of each field, as it stands in Redis; null where there is none. */
export type Fields = Readonly<Record<string, string | null>>;

/** A record of Redis. `id` is its own id, if it has one. */
export interface RedisRecord {
  readonly id: string;
  readonly fields: Fields;
}

const names = new Set(Object.keys(tables));

/** All keys of records: no counters, no indexes. */
export async function recordKeys(redis: Redis): Promise<string[]> {
  const keys = await redis.keys('aidb:*');
  return keys.filter(
    (key) => names.has(nameOf(key)) && /:\d+(:|$)/.test(key) && !/^aidb:exprun:\d+:runs$/.test(key),
  );
}

const nameOf = (key: string): string => key.split(':')[1] ?? '';

/** The records under these keys, by the word after `aidb:`. */
export async function readDemoRecords(
  redis: Redis,
  keys: readonly string[],
): Promise<Map<Name, RedisRecord[]>> {
  const records = new Map<Name, RedisRecord[]>();
  for (const key of keys) {
    const name = nameOf(key) as Name;
    records.set(name, [...(records.get(name) ?? []), ...(await readKey(redis, name, key))]);
  }
  return records;
}

async function readKey(redis: Redis, name: Name, key: string): Promise<RedisRecord[]> {
  const id = key.split(':')[2] ?? '';
  const run = { training_run_id: id };
  if (name === 'metric') {
    const members = await redis.zrange(key, 0, -1);
    return members.map((member) => ({ id, fields: { ...pointOf(member), ...run } }));
  }
  const hash = await redis.hgetall(key);
  if (name !== 'hyperparam') return [{ id, fields: hash }];
  return Object.entries(hash).map(([param, value]) => ({
    id,
    fields: { ...run, param_name: param, param_value: value },
  }));
}

const pointOf = (member: string): Fields =>
  Object.fromEntries(
    Object.entries(JSON.parse(member) as Record<string, string | number | null>).map(([field, value]) => [
      field,
      value === null ? null : String(value),
    ]),
  );

/** The value that a column must have. @param idOf the Postgres id that a parent's Redis id has become */
export function expectedValue(
  { columns, fields = {} }: Table,
  column: string,
  { record, idOf }: { record: RedisRecord; idOf: (form: Form, id: string) => string },
): string | null {
  const form = columns[column] ?? 'text';
  const value = record.fields[fields[column] ?? column] ?? null;
  if (value === null) return null;
  switch (form) {
    case 'text':
    case 'json':
    case 'count':
      return value;
    case 'number':
      return String(Number(value));
    case 'measure':
      return Number(value) === 0 ? null : String(Number(value));
    case 'time':
      return value === '' ? null : microseconds(value);
    case 'id of model':
    case 'id of dataset':
    case 'id of version':
    case 'id of run':
    case 'id of experiment':
      return value === '0' ? null : idOf(form, value);
  }
}

/** `2026-01-05T14:30:00.5` -> `2026-01-05T14:30:00.500000` */
function microseconds(time: string): string {
  const [whole = '', fraction = ''] = time.split('.');
  return `${whole}.${fraction.padEnd(6, '0')}`;
}
