import { describeError } from '../../foundation/errors';
import { readAsset } from '../../foundation/package-root';
import type { RedisConnection } from '../../connections/redis';
import { changesStream } from '../../writer/keys';
import { refusal } from './refusal';

const script = readAsset('src/archive/stream/lua/replace-unread.lua');

/** As XRANGE or XREVRANGE take them: the first entry of it is meant. */
export type Range = readonly [how: 'XRANGE' | 'XREVRANGE', from: string, to: string];

export const first: Range = ['XRANGE', '-', '+'];
const last: Range = ['XREVRANGE', '+', '-'];
/** What XINFO STREAM shows. */
export const ends = [first, last] as const;

/** Puts `too-large` in the place of an entry that nobody can read. @param key the stream, or what was set aside of it */
export async function replaceUnread(
  { client }: RedisConnection,
  id: string,
  key = changesStream,
): Promise<void> {
  await client.eval(script, 2, key, changesStream, id);
}

/**
 * Replaces what is too large to be received at this place of the stream. A reply is refused by its length, before it has come.
 * @param count of entries wanted
 * @returns how many of them can be received together
 */
export async function lighten(
  connection: RedisConnection,
  range: Range,
  { key = changesStream, count = 1 } = {},
): Promise<number> {
  const [how, from, to] = range;
  for (;;) {
    try {
      await connection.client.callBuffer(how, key, from, to, 'COUNT', count);
      return count;
    } catch (error) {
      const { fit, firstId } = await refusal(connection, error);
      if (fit > 0 || firstId === undefined) return Math.max(fit, 1);
      await replaceUnread(connection, firstId, key);
    }
  }
}

/**
 * For a script that reads entries of the stream, if only for their ids: that takes three times their size inside Redis, and seconds in
 * which nobody else is served. It is given the bytes that the stream may take, and answers HEAVY to more; what is too large is then found
 * and replaced, and the script asked again, whatever the stream takes: there may be very many small entries.
 * @param ranges whose first entries it reads
 */
export async function readLightly<T>(
  connection: RedisConnection,
  ranges: readonly Range[],
  ask: (most: number) => Promise<T>,
): Promise<T> {
  try {
    return await ask(connection.maxRecordBytes);
  } catch (error) {
    if (!isHeavy(error)) throw error;
  }
  for (const range of ranges) await lighten(connection, range);
  return ask(Number.MAX_SAFE_INTEGER);
}

export const isHeavy = (error: unknown): boolean => describeError(error).message.startsWith('HEAVY');
