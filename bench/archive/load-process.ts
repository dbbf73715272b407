/**
 * The application: a process of its own that writes predictions, at a steady rate or as many as it can. Started by load.ts with
 * the Redis URL; requests and replies travel over Node's IPC.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ModelStore } from '../../src/writer/model-store';
import { monotonicMs } from '../clock';
import { PlainWriter } from './plain-writer';
import { manyCalls, inBulk, type Way } from './writes';

export interface Request {
  readonly way: Way;
  readonly versionId: number;
  readonly count: number;
  /** Records a second; absent: as fast as it goes. */
  readonly perSecond?: number;
}

export interface Reply {
  /** By the monotonic clock, in milliseconds. */
  readonly startedAt: number;
  readonly endedAt: number;
}

/** Written every so many milliseconds: what has become due. */
const tickMs = 10;
/** Above this rate an application writes in bulk. */
const mostSingle = 5_000;

const [redisUrl = ''] = process.argv.slice(2);
let plain: PlainWriter | undefined;
const store = new ModelStore(redisUrl);

async function write({ way, versionId, count, perSecond }: Request, due = count): Promise<void> {
  if (way === 'plain') return (plain ??= new PlainWriter(redisUrl, versionId)).write(due);
  const single = perSecond !== undefined && perSecond <= mostSingle;
  return single ? manyCalls(store, versionId, due) : inBulk(store, versionId, due);
}

async function answer(request: Request): Promise<Reply> {
  const { count, perSecond } = request;
  const startedAt = monotonicMs();
  if (perSecond === undefined) await write(request);
  else {
    for (let written = 0; written < count;) {
      await delay(tickMs);
      const due = Math.min(count, Math.floor(((monotonicMs() - startedAt) / 1_000) * perSecond)) - written;
      if (due > 0) await write(request, due);
      written += Math.max(0, due);
    }
  }
  return { startedAt, endedAt: monotonicMs() };
}

process.on('message', (request) => {
  void answer(request as Request).then((reply) => process.send?.(reply));
});
process.on('disconnect', () => {
  plain?.close();
  store.close();
});
