import { readAsset } from '../../foundation/package-root';
import type { RedisConnection } from '../../connections/redis';
import { changesStream } from '../../writer/keys';
import { ends, first, lighten } from '../stream/light-stream';
import { incarnationKey } from './redis-facts';

const script = readAsset('src/archive/position/lua/renew-stream.lua');

/** Clocks may be wrong by hours; an id that is further ahead tells no time. */
const aheadMs = 86_400_000;
const movedAtOnce = 100;
/** Where something is set aside that was under the stream's key. What is no stream stays there. */
const asideKeys = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => `${changesStream}:before:${number}`);

/** Makes sure that the stream's key holds a stream that takes entries. Anything else is set aside, and nothing of it is lost. */
export async function renewStream(redis: RedisConnection, onIncident: (what: string) => void): Promise<void> {
  const keys = [changesStream, incarnationKey, ...asideKeys];
  let count = movedAtOnce;
  let light: readonly string[] = [];
  for (let more = true; more;) {
    const [why, aside, left, heavy] = (await redis.client.eval(
      script,
      ...[keys.length, ...keys, aheadMs, count, redis.maxRecordBytes, ...light],
    )) as [why: string, aside: string, more: number, heavy: string];
    if (/^\d/.test(why))
      onIncident(
        `the stream ${changesStream} had the last id ${why}, far ahead of the clock: somebody set it; it begins anew, with all it held`,
      );
    else if (why !== '')
      onIncident(
        `${changesStream} was no stream any more, but of type ${why}: somebody wrote it; that is ${aside} now, and the stream begins anew`,
      );
    more = left === 1;
    light = heavy === '' ? [] : [...light, heavy];
    if (heavy === changesStream) for (const range of ends) await lighten(redis, range);
    else if (heavy !== '') count = await lighten(redis, first, { key: heavy, count: movedAtOnce });
  }
}
