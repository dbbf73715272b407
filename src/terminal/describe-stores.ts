import { hasDocuments } from '../aliases/status';
import type { Config } from '../config/load';
import type { Stores } from '../doctor/ask';
import { timestamp } from '../foundation/timestamp';
import { fact, incidents, laidOut, notRunning } from './describe-status';
import { parked, pausedSince } from './status-sentences';

type Known = Pick<Config, 'dbPath' | 'redis' | 'postgres' | 'leftOut'>;

/** What `status` prints when no daemon answers: what the stores tell. @param silent why the daemon does not answer */
export function describeStores(
  { dbPath, redis, postgres, leftOut }: Known,
  { aliases, archive }: Stores,
  silent: string,
): readonly string[] {
  const now = Date.now();
  const lines = [`Daemon:      none answers for these stores (${silent})`, ...notRunning(leftOut)];
  if (aliases !== null) {
    const { checkpoint, lagRecords } = aliases;
    lines.push(
      hasDocuments(aliases.tables) ? 'Cache' : 'Aliases',
      ...laidOut(pausedSince(aliases.paused)),
      fact('database', `${dbPath} (${aliases.journalMode})`),
      fact('redis', redis.display),
      fact(
        'checkpoint',
        checkpoint === null
          ? 'none: nothing was ever synced into this Redis'
          : `${timestamp(new Date(checkpoint.at))} by ${checkpoint.by}`,
      ),
      fact(
        'lag',
        lagRecords === null
          ? 'unknown: a full pass is needed (start the daemon, or run `millrace reconcile`)'
          : `${lagRecords} changes`,
      ),
      ...incidents(aliases.incidents, now),
    );
  }
  if (archive !== null) {
    lines.push(
      'Archive',
      ...laidOut(pausedSince(archive.paused)),
      fact('redis', redis.display),
      fact('postgres', postgres?.display ?? ''),
      archive.migrated
        ? fact('owner', `${archive.owner ?? 'none'}, last seen ${archive.heartbeat ?? 'never'}`)
        : fact('tables', 'not made yet (millrace migrate)'),
      fact('lag', `${archive.lagRecords} entries of ${archive.streamLength} in the stream`),
      ...laidOut(parked(archive.deadLetters)),
      ...incidents(archive.incidents, now),
    );
  }
  return lines;
}
