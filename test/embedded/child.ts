import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

import { packageRoot } from '../../src/foundation/package-root';

export interface Child {
  readonly process: ChildProcessByStdio<Writable, Readable, null>;
  /** What the function returned. */
  readonly result: unknown;
}

interface Call {
  /** Path below src/. */
  readonly module: string;
  readonly name: string;
  readonly args: readonly unknown[];
  readonly env?: NodeJS.ProcessEnv;
  /** Put before `node`, for example to run it as another user. */
  readonly prefix?: readonly string[];
}

const children: Child['process'][] = [];

/** For afterAll: a test that failed half-way may have left some, and they would keep Jest from ending. */
export function killChildren(): void {
  for (const child of children) child.kill('SIGKILL');
}

/** Calls a function of src/ in a process of its own, which lives until it is killed or its stdin is closed. */
export async function callInChild(call: Call): Promise<Child> {
  const script = join(packageRoot, 'test', 'embedded', 'run-ts.mjs');
  const module = join(packageRoot, 'src', call.module);
  const words = [
    ...(call.prefix ?? []),
    process.execPath,
    script,
    module,
    call.name,
    JSON.stringify(call.args),
  ];
  const [program = process.execPath, ...args] = words;
  const env = { ...process.env, ...call.env };
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env, cwd: '/' });
  children.push(child);
  const firstLine = once(createInterface(child.stdout), 'line') as Promise<[string]>;
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`the child ended with ${String(code)} before it answered`);
  });
  const [line] = await Promise.race([firstLine, failed]);
  failed.catch(() => undefined);
  return { process: child, result: JSON.parse(line) as unknown };
}
