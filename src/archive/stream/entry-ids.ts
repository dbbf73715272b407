import { readAsset } from '../../foundation/package-root';
import type { RedisConnection } from '../../connections/redis';
import { changesStream } from '../../writer/keys';
import { type Range, readLightly } from './light-stream';

const script = readAsset('src/archive/stream/lua/entry-ids.lua');

/** How many nodes are looked at: enough, for the position is in one of the first. */
const samples = 5;

/** Id of the first entry in this range; undefined: there is none. An entry that is too large to be read is replaced. */
export async function entryId(connection: RedisConnection, range: Range): Promise<string | undefined> {
  const [id] = await readLightly(
    connection,
    [range],
    async (most) =>
      (await connection.client.eval(script, 0, ...range, 1, samples, most, changesStream)) as string[],
  );
  return id;
}

/** Ids of the entries after this one. @throws HEAVY if the stream is too large for that */
export async function entryIdsAfter(
  { client, maxRecordBytes }: RedisConnection,
  from: string,
  count: number,
): Promise<readonly string[]> {
  return (await client.eval(
    script,
    0,
    'XRANGE',
    `(${from}`,
    '+',
    count,
    0,
    maxRecordBytes,
    changesStream,
  )) as string[];
}
