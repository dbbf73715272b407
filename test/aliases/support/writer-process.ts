import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Unit } from './writes';

export interface Writing {
  readonly path: string;
  /** Through a connection that has another database open and this one ATTACHed. */
  readonly attached: boolean;
  readonly foreignKeys: boolean;
  readonly units: readonly Unit[];
}

export interface WriterProcess {
  /** @returns how many statements succeeded. */
  readonly write: (writing: Writing) => Promise<number>;
  readonly stop: () => Promise<void>;
}

/** Another program that writes to SQLite files, one task at a time. */
export function startWriter(): WriterProcess {
  const child = spawn(process.execPath, [join(__dirname, 'writer.mjs')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const died = exited.then(() => {
    throw new Error('the writer ended');
  });
  died.catch(() => undefined);
  const lines = createInterface(child.stdout);
  return {
    write: async (writing) => {
      const answer = once(lines, 'line') as Promise<[string]>;
      child.stdin.write(`${JSON.stringify(writing)}\n`);
      const [line] = await Promise.race([answer, died]);
      return Number(line);
    },
    stop: async () => {
      child.stdin.end();
      await exited;
    },
  };
}
