import { z } from 'zod';
import { fatal } from '../../foundation/errors';
import { readAsset } from '../../foundation/package-root';
import type { RedisConnection } from '../../connections/redis';
import { countersOf } from '../../mapping/counters';
import type { Catalogue } from '../../mapping/kinds';
import { beforeAll } from '../stream/entry-id';
import { ends, type Range, readLightly } from '../stream/light-stream';
import { changesStream } from '../../writer/keys';

/** The key of the incarnation that the archive follows: we write it, and Redis loses it when it loses everything else. */
export const incarnationKey = 'millrace:archive:incarnation';

const script = readAsset('src/archive/position/lua/redis-facts.lua');

const count = z.int().nonnegative();
const text = z.string().nullable();
const factsShape = z.object({
  /** Changes with every start of the server. */
  runId: z.string(),
  /**
   * Which history of writes the data comes from: it changes when a replica becomes the master, and when a master becomes another one's
   * replica, whose data then silently replace its own. Null: Redis does not tell, or an older version of Millrace did not ask.
   */
  replication: text.optional().transform((id) => id ?? null),
  incarnation: text,
  stream: z.object({
    exists: z.boolean(),
    length: count,
    firstId: text,
    lastGeneratedId: z.string(),
    /** How many entries were ever added; Redis counts them since version 7. */
    entriesAdded: count.nullable(),
  }),
  /** The values of the counters, by kind: null when absent, garbage when somebody put it there. */
  counters: z.record(z.string(), text),
  /** Whether the entry at the given position still exists. */
  entryAt: z.boolean(),
});

/** What tells one state of a Redis from an earlier one. Kept with the checkpoint, as JSON. */
export type RedisFacts = z.infer<typeof factsShape>;

/** Facts as a checkpoint kept them; null if another version wrote them in another form. */
export const parseFacts = (kept: unknown): RedisFacts | null => factsShape.safeParse(kept).data ?? null;

/**
 * Reads the facts, all of one moment.
 * @param position entry id of the checkpoint
 * @throws E_STREAM_TYPE, or what the client throws
 */
export async function readRedisFacts(
  connection: RedisConnection,
  position: string,
  catalogue: Catalogue,
): Promise<RedisFacts> {
  const counted = countersOf(catalogue);
  const there: Range = ['XRANGE', position, position];
  const reply = await readLightly(
    connection,
    [...ends, there],
    async (most) =>
      (await connection.client.eval(
        script,
        0,
        changesStream,
        incarnationKey,
        position,
        most,
        ...counted.map(({ key }) => key),
      )) as Reply,
  );
  const [runId, replication, incarnation, entryAt, stream, ...counters] = reply;
  return {
    runId,
    replication,
    incarnation,
    stream: streamFacts(stream),
    counters: Object.fromEntries(counted.map(({ kind }, index) => [kind, counters[index] ?? null])),
    entryAt: position !== beforeAll && entryAt === 1,
  };
}

/** See redis-facts.lua. */
type Reply = readonly [
  runId: string,
  replication: string | null,
  incarnation: string | null,
  there: number,
  stream: StreamReply,
  ...counters: (string | null)[],
];
type StreamReply =
  | null
  | string
  | readonly [length: number, lastGeneratedId: string, firstId: string | null, entriesAdded: number | null];

function streamFacts(reply: StreamReply): RedisFacts['stream'] {
  if (reply === null) {
    return { exists: false, length: 0, firstId: null, lastGeneratedId: beforeAll, entriesAdded: null };
  }
  if (typeof reply === 'string') {
    throw fatal(`the Redis key ${changesStream} holds something else than a stream`, {
      code: 'E_STREAM_TYPE',
      hint: `Look at it (redis-cli TYPE ${changesStream}) and rename or delete it.`,
    });
  }
  const [length, lastGeneratedId, firstId, entriesAdded] = reply;
  return { exists: true, length, firstId, lastGeneratedId, entriesAdded };
}
