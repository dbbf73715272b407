import { join } from 'node:path';
import { startChild } from '../child-process';
import type { Reply, Request } from './load-process';

/** For the last of the writes to be answered. */
const graceSeconds = 0.5;

/** Has a process of its own write predictions. @throws when it cannot keep up the rate */
export async function writeLoad(redisUrl: string, request: Request): Promise<Reply> {
  const child = startChild<Request, Reply>(join(__dirname, 'load-process.js'), [redisUrl]);
  try {
    const reply = await child.ask(request);
    const { perSecond, count } = request;
    const seconds = (reply.endedAt - reply.startedAt) / 1_000;
    const late = perSecond !== undefined && seconds > (count / perSecond) * 1.03 + graceSeconds;
    if (late) throw new TooSlow(count / seconds, perSecond);
    return reply;
  } finally {
    await child.stop();
  }
}

/** The writer, not Millrace, is the limit: what was measured says nothing. */
export class TooSlow extends Error {
  constructor(achieved: number, wanted: number) {
    super(`the writer manages ${Math.round(achieved)} of ${wanted} predictions a second`);
  }
}
