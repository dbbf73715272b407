import type { PostgresConnection } from '../../connections/postgres/postgres';
import type { RedisConnection } from '../../connections/redis';
import { readSql } from '../../foundation/package-root';
import type { Catalogue, KindName } from '../../mapping/kinds';
import { Batch } from '../batch/batch';
import { readContents } from '../letters/contents';
import { storedLetter } from '../letters/dead-letters';
import { foreign } from '../letters/foreign';
import { idIn, keyOf } from '../record/key';
import type { Nominations } from '../record/nomination';
import { isEntryId } from '../stream/entry-id';
import { type ParkedEntry, retryEntries } from './retry-entries';

/** Parked records tried in one transaction, and their bytes. */
const retriedAtOnce = 500;
const retriedBytes = 8 * 1024 * 1024;

const dueLettersSql = readSql('src/archive/letters/sql/due-letters.sql');

export interface DueLettersOptions {
  readonly postgres: PostgresConnection;
  readonly redis: RedisConnection;
  readonly catalogue: Catalogue;
  /** The kinds that are served: letters of others wait. */
  readonly served: readonly KindName[];
  /** Called for a key that grows and has to be read from its start: the points that waited, and those that were too large, were read before. */
  readonly onReread: (kind: KindName, name: string) => void;
}

/** What some of the parked records that are due come to. */
export interface DueLetters {
  readonly batch: Batch;
  readonly nominated: Nominations;
  readonly deleted: Nominations;
}

/** @returns undefined: none is due */
export async function dueLetters(options: DueLettersOptions): Promise<DueLetters | undefined> {
  const { postgres, redis, catalogue, served, onReread } = options;
  const rows = await postgres.query(dueLettersSql, [retriedAtOnce, retriedBytes, served]);
  if (rows.length === 0) return undefined;
  const batch = new Batch();
  const nominated = new Map<KindName, Set<string>>();
  const deleted = new Map<KindName, Set<string>>();
  const entries: ParkedEntry[] = [];
  for (const row of rows) {
    const letter = storedLetter(row);
    const { id, kind, redisKey, payload, waits, isDeletion, life } = letter;
    batch.retried.push(id);
    batch.life = life;
    const known = catalogue.get(kind);
    if (known === undefined) continue;
    const name = idIn(known, redisKey);
    // Its mapping has other keys by now: the letter stays, for another record must not be taken for this one.
    if (!keyOf(known, Buffer.from(name, 'latin1')).equals(redisKey)) {
      batch.letters.push(foreign(known, redisKey, isDeletion));
      continue;
    }
    if (known.shape === 'entries' && isEntryId(letter.distinction)) {
      entries.push({
        kind: known,
        name: Buffer.from(name, 'latin1'),
        entryId: letter.distinction,
        payload,
      });
      continue;
    }
    // Read from its start: the points that waited, and those that were too large, were read before.
    if (waits || payload === undefined) onReread(kind, name);
    nominated.set(kind, (nominated.get(kind) ?? new Set()).add(name));
    if (isDeletion) deleted.set(kind, (deleted.get(kind) ?? new Set()).add(name));
    // What Redis has is read after this, and wins.
    const kept = payload && readContents(known, payload);
    if (kept !== undefined) batch.add(kept);
  }
  await retryEntries(batch, entries, redis);
  return { batch, nominated, deleted };
}
