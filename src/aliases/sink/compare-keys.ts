import type { Result } from 'ioredis';
import type { RedisConnection } from '../../connections/redis';
import type { Keyspace } from '../../mapping/documents';
import { comparePacked, pack } from './packed';
import { unlessTooLarge } from './read-keys';
import { compareScript, readTextsScript, wantedArguments } from './scripts';

/** How a key is, against what it should hold. `other`: it is of another Redis type. */
export type KeyState = 'absent' | 'other' | 'same' | 'different';

/** Keys of one mapping, and the values that they should have. */
export interface WantedKeys {
  readonly keyspace: Keyspace;
  readonly keys: readonly (string | Buffer)[];
  readonly values: readonly string[];
  /** See AliasBatch. */
  readonly exact?: boolean | undefined;
}

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** compare.lua */
    millraceCompareKeys(...values: (string | Buffer)[]): Result<string, Context>;
    /** read-texts.lua */
    millraceReadTextsBuffer(keys: Buffer): Result<Buffer, Context>;
  }
}

const states: Readonly<Record<string, KeyState>> = { a: 'absent', o: 'other', s: 'same', d: 'different' };

/** Whether reading the values tells how these keys are. That is faster than to compare inside Redis, and takes a key of another type for an absent one. */
export const isPlain = ({ holds, ttl }: Keyspace): boolean => holds === 'string' && ttl === undefined;

/** Compares keys inside Redis. @throws explained errors */
export async function compareKeys(
  connection: RedisConnection,
  { keyspace, keys, values, exact }: WantedKeys,
): Promise<readonly KeyState[]> {
  if (keys.length === 0) return [];
  const wanted = wantedArguments(keyspace, values, exact);
  const { client } = connection;
  if (!Object.hasOwn(client, 'millraceCompareKeys'))
    client.defineCommand('millraceCompareKeys', { lua: compareScript, numberOfKeys: 0 });
  const ask = () => client.millraceCompareKeys(...wanted, pack(keys));
  const letters = await unlessTooLarge(connection, ask, ask);
  return Array.from(letters, (letter) => states[letter] ?? 'different');
}

/** Compares plain keys. @throws explained errors */
export async function comparePlainKeys(
  connection: RedisConnection,
  wanted: WantedKeys,
): Promise<readonly KeyState[]> {
  const { client } = connection;
  if (wanted.keys.length === 0) return [];
  if (!Object.hasOwn(client, 'millraceReadTexts'))
    client.defineCommand('millraceReadTexts', { lua: readTextsScript, numberOfKeys: 0 });
  return unlessTooLarge<readonly KeyState[]>(
    connection,
    async () => {
      const found = client.millraceReadTextsBuffer(pack(wanted.keys));
      const values = pack(wanted.values); // while Redis reads
      return comparePacked(await found, values);
    },
    () => compareKeys(connection, wanted),
  );
}
