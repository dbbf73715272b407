import type { ChainableCommander, Redis } from 'ioredis';
import { z } from 'zod';
import { describeError, fatal } from '../errors';
import { beforeAll } from './entry-id';
import { changesStream } from './nominate';

/** Which life of this Redis the archive follows: written by us, and lost with everything else. */
export const incarnationKey = 'millrace:archive:incarnation';

export const counted = ['model', 'version', 'dataset', 'run', 'experiment', 'prediction'] as const;
type Counted = (typeof counted)[number];

const count = z.int().nonnegative();
const text = z.string().nullable();
const factsShape = z.object({
  /** Changes with every start of the server. */
  runId: z.string(),
  /**
   * Which history of writes the data comes from: another one when a replica became the master, or a master another one's replica, whose
   * data replace all that was there without a word. Null: not told, or not looked at (by an older version).
   */
  replication: text.optional().transform((id) => id ?? null),
  incarnation: text,
  stream: z.object({
    exists: z.boolean(),
    length: count,
    firstId: text,
    lastGeneratedId: z.string(),
    /** Ever added; Redis counts since version 7. */
    entriesAdded: count.nullable(),
  }),
  /** As they stand in `aidb:counter:<kind>`: null when absent, garbage when somebody put it there. */
  counters: z.record(z.enum(counted), text),
  /** The entry at the position asked about still exists. */
  entryAt: z.boolean(),
});

/** What tells one state of a Redis from an earlier one. JSON: it is kept with the checkpoint. */
export type RedisFacts = z.infer<typeof factsShape>;

/** Facts as a checkpoint kept them; null for what another version wrote. */
export const parseFacts = (kept: unknown): RedisFacts | null => factsShape.safeParse(kept).data ?? null;

/**
 * All facts of one moment.
 * @param position entry id of the checkpoint
 * @throws E_STREAM_TYPE (fatal), or what the client throws
 */
export async function readFacts(client: Redis, position: string): Promise<RedisFacts> {
  const replies = await run(
    client
      .multi()
      .info('server')
      .info('replication')
      .get(incarnationKey)
      .mget(counted.map((kind) => `aidb:counter:${kind}`))
      .xinfo('STREAM', changesStream)
      .xrange(changesStream, position, position, 'COUNT', 1),
  );
  const [info, replication, incarnation, counters, stream, entry] = replies;
  const values = answer(counters) as (string | null)[];
  return {
    runId: /^run_id:(\w+)/m.exec(answer(info) as string)?.[1] ?? '',
    replication: /^master_replid:(\w+)/m.exec(answer(replication) as string)?.[1] ?? null,
    // A key of another type is not our incarnation: it is as good as lost.
    incarnation: refused(incarnation, 'WRONGTYPE') ? null : (answer(incarnation) as string | null),
    stream: streamFacts(stream),
    counters: Object.fromEntries(counted.map((kind, index) => [kind, values[index] ?? null])) as Record<
      Counted,
      string | null
    >,
    entryAt: position !== beforeAll && (answer(entry) as unknown[]).length > 0,
  };
}

type Reply = [error: Error | null, value: unknown] | undefined;

async function run(transaction: ChainableCommander): Promise<Reply[]> {
  const replies = await transaction.exec();
  if (replies === null) throw new Error('a transaction without WATCH was not executed');
  return replies;
}

const refused = (reply: Reply, code: string): boolean =>
  reply?.[0] != null && describeError(reply[0]).message.startsWith(code);

function answer(reply: Reply): unknown {
  if (reply?.[0] != null) throw reply[0];
  return reply?.[1];
}

function streamFacts(reply: Reply): RedisFacts['stream'] {
  if (refused(reply, 'ERR no such key')) {
    return { exists: false, length: 0, firstId: null, lastGeneratedId: beforeAll, entriesAdded: null };
  }
  if (refused(reply, 'WRONGTYPE')) {
    throw fatal(`the Redis key ${changesStream} holds something else than a stream`, {
      code: 'E_STREAM_TYPE',
      hint: `Look at it (redis-cli TYPE ${changesStream}) and rename or delete it.`,
    });
  }
  const pairs = answer(reply) as unknown[];
  const field = (name: string) => pairs[pairs.indexOf(name) + 1];
  const first = field('first-entry') as [string, string[]] | null;
  return {
    exists: true,
    length: field('length') as number,
    firstId: first?.[0] ?? null,
    lastGeneratedId: field('last-generated-id') as string,
    entriesAdded: pairs.includes('entries-added') ? (field('entries-added') as number) : null,
  };
}
