import { join } from 'node:path';
import { type ChildProcess, startChild } from '../child-process';
import type { Write } from './spaced';
import type { Request } from './writer';

export type WriterProcess = ChildProcess<Request, readonly Write[]>;

/** Starts the application that writes. See writer.ts. */
export const startWriter = (dbPath: string, redisUrl: string): WriterProcess =>
  startChild(join(__dirname, 'writer.js'), [dbPath, redisUrl]);
