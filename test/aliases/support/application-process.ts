import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A program in a process of its own that has SQLite files open. */
export interface Application {
  readonly open: (path: string) => Promise<void>;
  readonly commit: (path: string, sql: string) => Promise<void>;
  /** The aliases of the teams, as it sees them. */
  readonly aliases: (path: string) => Promise<readonly string[]>;
  readonly check: (path: string) => Promise<string>;
  readonly close: (path: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}

type Reply = { readonly answer: unknown } | { readonly failed: string };

export function startApplication(): Application {
  const child = spawn(process.execPath, [join(__dirname, 'application.mjs')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const waiting: ((reply: Reply) => void)[] = [];
  createInterface(child.stdout).on('line', (line) => waiting.shift()?.(JSON.parse(line) as Reply));
  const ask = async (path: string, request: Readonly<Record<string, string>>): Promise<unknown> => {
    const replied = new Promise<Reply>((resolve) => waiting.push(resolve));
    child.stdin.write(`${JSON.stringify({ path, ...request })}\n`);
    const reply = await replied;
    if ('failed' in reply) throw new Error(reply.failed);
    return reply.answer;
  };
  return {
    open: async (path) => {
      await ask(path, { ask: 'open' });
    },
    commit: async (path, sql) => {
      await ask(path, { ask: 'commit', sql });
    },
    aliases: async (path) => (await ask(path, { ask: 'aliases' })) as readonly string[],
    check: async (path) => (await ask(path, { ask: 'check' })) as string,
    close: async (path) => {
      await ask(path, { ask: 'close' });
    },
    stop: async () => {
      child.stdin.end();
      await exited;
    },
  };
}
