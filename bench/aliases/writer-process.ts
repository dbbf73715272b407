import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Request, Write } from './writer';

export interface WriterProcess {
  /** One request at a time. Rejects when the writer ends instead of answering. */
  readonly ask: (request: Request) => Promise<readonly Write[]>;
  readonly stop: () => Promise<void>;
}

/** Starts the application that writes. See writer.ts. */
export function startWriter(dbPath: string, redisUrl: string): WriterProcess {
  const child = fork(join(__dirname, 'writer.js'), [dbPath, redisUrl]);
  const ended = once(child, 'exit').then(() => {
    throw new Error('the writing process ended');
  });
  ended.catch(() => undefined);
  return {
    ask: async (request) => {
      const reply = once(child, 'message') as Promise<[readonly Write[]]>;
      child.send(request);
      const [writes] = await Promise.race([reply, ended]);
      return writes;
    },
    stop: async () => {
      if (!child.connected) return;
      const exit = once(child, 'exit');
      child.disconnect();
      await exit;
    },
  };
}
