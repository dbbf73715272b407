import type { RedisConnection } from '../../connections/redis';
import { ReplyTooLarge } from '../../connections/reply-guard';

/** What can be told of entries of the stream whose reply to XREAD or XRANGE was refused, by how it began. */
export interface RefusedReply {
  /** How many of its entries would have been received before the one that was too much. */
  readonly fit: number;
  /** Id of the first entry; undefined: it came in pieces, and nobody knows. */
  readonly firstId: string | undefined;
  /** The name before `=` of the first entry's first field. Of a kind that is carried: our functions wrote it, and it can be replaced by names. */
  readonly carries: string | undefined;
}

/** Of XREAD its one stream; then how many entries, the first one's id, and its first field. */
const opening =
  /^(\*1\r\n\*2\r\n\$\d+\r\n[^\r\n]*\r\n)?\*(\d+)\r\n\*2\r\n\$\d+\r\n(\d+-\d+)\r\n(?:\*\d+\r\n\$\d+\r\n(?:([a-z][a-z0-9_]*)=)?)?/;

/** Waits for the connection that follows the one that was given up. @throws what `error` is, if it is something else */
export async function refusedReply(connection: RedisConnection, error: unknown): Promise<RefusedReply> {
  const translated = connection.translate(error);
  if (!(translated instanceof ReplyTooLarge)) throw translated;
  await connection.reconnected();
  return refusedReplyIn(translated);
}

/** Pure. */
export function refusedReplyIn({ head, open }: Pick<ReplyTooLarge, 'head' | 'open'>): RefusedReply {
  const [, ofStream, entries = '0', firstId, carries] = opening.exec(head) ?? [];
  const left = open[ofStream === undefined ? 0 : 2];
  const fit = left === undefined ? 0 : Math.max(0, Number(entries) - left);
  return { fit, firstId, carries };
}
