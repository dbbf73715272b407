import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { makePrivateFolder } from '../foundation/secret';

/**
 * A file in the data folder in which a daemon with embedded servers says what it runs, so that the other verbs find the servers without
 * configuration. By the pid in it one can tell whether that daemon still runs.
 */
const schema = z.object({
  pid: z.number(),
  redisUrl: z.string(),
  /** Absent if that daemon does not run the archive. */
  postgresUrl: z.string().optional(),
  dbPath: z.string(),
  /** Whether all three stores are Millrace's own: then the demo may write into them. */
  ours: z.boolean().default(false),
  http: z.string(),
});

export type DaemonRecord = z.infer<typeof schema>;

const file = (dataDir: string): string => join(dataDir, 'daemon.json');

/** @returns a function that removes the record. */
export function writeRecord(dataDir: string, record: DaemonRecord): () => void {
  makePrivateFolder(dataDir);
  const temporary = `${file(dataDir)}.${process.pid}`;
  rmSync(temporary, { force: true });
  // Only we may read the file: it holds passwords.
  writeFileSync(temporary, JSON.stringify(record), { mode: 0o600, flag: 'wx' });
  renameSync(temporary, file(dataDir));
  return () => {
    rmSync(file(dataDir), { force: true });
  };
}

/** The daemon running with this data folder, if there is one. */
export function readDaemonRecord(dataDir: string): DaemonRecord | undefined {
  try {
    const record = schema.parse(JSON.parse(readFileSync(file(dataDir), 'utf8')));
    process.kill(record.pid, 0);
    return record;
  } catch {
    return undefined;
  }
}
