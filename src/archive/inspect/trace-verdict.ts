import type { ArchiveTrace, Verdict } from './record-trace';
import type { InRedis } from './trace-redis';
import type { TracedRow } from './trace-rows';

/** Judges where a record is, and what happens next. @param archive null: the tables are not there. Pure. */
export function verdictOf(redis: InRedis, archive: ArchiveTrace['archive']): Verdict {
  const inRedis = redis.type !== 'none';
  if (archive === null) {
    const sentence = inRedis
      ? 'Nothing has been archived yet: `millrace migrate` makes the tables, and the daemon’s first full pass copies it.'
      : 'It is not in Redis, and nothing has been archived yet.';
    return { state: inRedis ? 'not captured' : 'unknown', sentence };
  }
  const { waiting, parked, rows, counted, differences, owner } = archive;
  const [next] = waiting.entries;
  const [letter] = parked;
  if (next !== undefined) {
    const idle = owner === null ? ' No daemon owns the stream: `millrace run` starts one.' : '';
    return {
      state: 'waiting',
      sentence: `Waiting in the stream since ${new Date(next.at).toISOString()}, ${next.before} entries before it.${idle}`,
    };
  }
  if (letter !== undefined) {
    const { id, code, column, message, attempts } = letter;
    return {
      state: 'parked',
      sentence: `Parked as number ${id}: ${column === null ? '' : `${column} `}${message} (${code}), tried ${attempts === 1 ? 'once' : `${attempts} times`}; \`millrace dead-letters show ${id}\`.`,
    };
  }
  const alive = rows.filter((row) => row.alive);
  if (!inRedis) {
    const kept = alive.length + (counted?.count ?? 0);
    return kept > 0
      ? {
          state: 'only in Postgres',
          sentence: `No longer in Redis; ${rowsInWords(kept)} in Postgres, and there it stays.`,
        }
      : {
          state: 'unknown',
          sentence:
            'Neither in Redis nor in Postgres: nobody has written it, or it was deleted on both sides.',
        };
  }
  const unfit = redis.unfit ?? differences.find(({ change }) => change === 'unfit')?.reason;
  if (unfit !== undefined)
    return { state: 'unfit', sentence: `It cannot become a row: ${unfit}. The next full pass parks it.` };
  if (differences.some(({ change }) => change !== 'skipped')) {
    const unseen = waiting.complete
      ? ''
      : ` It is not among the first ${waiting.looked} entries that wait in the stream, and may be further behind.`;
    const unread =
      waiting.tooLarge === 0
        ? ''
        : ` ${waiting.tooLarge} of the entries that wait are larger than MAX_RECORD_SIZE and may name it.`;
    return {
      state: 'not captured',
      sentence: `Not captured yet: the next full pass finds it (\`millrace reconcile\` runs one now).${unseen}${unread}`,
    };
  }
  const [skipped] = differences;
  if (skipped !== undefined) {
    const [row] = rows;
    const which = row === undefined ? 'the row' : `row ${row.id} of ${row.table}`;
    return {
      state: 'skipped',
      sentence: `Left as it is: ${which}, which differs in ${skipped.columns.join(', ')}, ${skipped.reason ?? ''}.`,
    };
  }
  const current = alive.find(({ created }) => created === redis.created);
  const sentence =
    current === undefined
      ? `Applied: ${rowsInWords(counted?.count ?? 0)}, and a full pass finds nothing to write${butFor(counted?.altered)}.`
      : current.owned
        ? `Applied: row ${current.id} of ${current.table}, equal to Redis${butFor(current.altered)}.${unfollowed(current)}`
        : `Applied: mapped to row ${current.id} of ${current.table}, which had the name first (ON_CONFLICT)${butFor(current.altered)}.`;
  return { state: 'applied', sentence };
}

/** `on_delete` may have been added, or Redis begun anew, after the record was written. */
function unfollowed({ follows, stays }: TracedRow): string {
  if (stays) return ' A deletion of its key leaves the row, which was there before its record.';
  return follows === false
    ? ' A deletion of its key would leave the row, for it was written before deletions were followed: the next full pass changes that.'
    : '';
}

const butFor = (altered: string | null | undefined): string =>
  altered == null ? '' : `, but for what Postgres changes on write: ${altered}`;

const rowsInWords = (count: number): string => (count === 1 ? 'it has 1 row' : `it has ${count} rows`);
