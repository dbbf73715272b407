import { describeError } from '../../foundation/errors';
import { readAsset } from '../../foundation/package-root';
import type { RedisConnection } from '../../connections/redis';
import { changesStream } from '../../writer/keys';
import { refusedReply } from './refused-reply';

const script = readAsset('src/archive/stream/lua/replace-unread.lua');

/** A range as XRANGE or XREVRANGE take it; what counts is its first entry. */
export type Range = readonly [how: 'XRANGE' | 'XREVRANGE', from: string, to: string];

export const first: Range = ['XRANGE', '-', '+'];
const last: Range = ['XREVRANGE', '+', '-'];
/** The two entries that XINFO STREAM shows. */
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
 * Replaces an entry at this place of the stream that is too large to be received. A reply is refused by its length, before it has come.
 * @param count how many entries are wanted
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
      const { fit, firstId } = await refusedReply(connection, error);
      if (fit > 0 || firstId === undefined) return Math.max(fit, 1);
      await replaceUnread(connection, firstId, key);
    }
  }
}

/**
 * Calls a script that reads entries of the stream, if only for their ids: that takes three times their size inside Redis, and seconds in
 * which nobody else is served. The script is told how many bytes the stream may take, and answers HEAVY if it takes more. Then entries
 * that are too large are found and replaced, and the script is called again without that limit, for the rest may be very many small ones.
 * @param ranges the ranges whose first entries the script reads
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
