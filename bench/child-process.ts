import { fork } from 'node:child_process';
import { once } from 'node:events';

/** A process of the benchmark's own that plays an application. */
export interface ChildProcess<Request, Reply> {
  /** One request at a time. Rejects when the process ends instead of answering. */
  readonly ask: (request: Request) => Promise<Reply>;
  readonly stop: () => Promise<void>;
}

/** @param script a built file that answers each message with one, and ends when it is disconnected */
export function startChild<Request extends object, Reply>(
  script: string,
  args: readonly string[],
): ChildProcess<Request, Reply> {
  const child = fork(script, args);
  const ended = once(child, 'exit').then(() => {
    throw new Error('the writing process ended');
  });
  ended.catch(() => undefined);
  return {
    ask: async (request) => {
      const reply = once(child, 'message') as Promise<[Reply]>;
      child.send(request);
      const [answer] = await Promise.race([reply, ended]);
      return answer;
    },
    stop: async () => {
      if (!child.connected) return;
      const exit = once(child, 'exit');
      child.disconnect();
      await exit;
    },
  };
}
