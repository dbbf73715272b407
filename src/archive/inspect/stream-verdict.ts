import type { ArchiveTrace, Verdict } from './record-trace';
import type { TracedEntry, TracedStream } from './trace-entries';
import type { InRedis } from './trace-redis';

type Archive = NonNullable<ArchiveTrace['archive']>;

/** Judges how far a stream of the user's own is read, or one of its entries; undefined: this is none. Pure. */
export function streamVerdict(redis: InRedis, archive: Archive): Verdict | undefined {
  const { stream } = archive;
  if (stream === null) return undefined;
  if (redis.unfit !== null)
    return {
      state: 'unfit',
      sentence: `It cannot become rows: ${redis.unfit}. The next full pass parks it.`,
    };
  return stream.entry === null
    ? verdictOfAll(redis, archive, stream)
    : verdictOfEntry(archive, stream, stream.entry);
}

function verdictOfAll({ type }: InRedis, archive: Archive, { last, waiting, length }: TracedStream): Verdict {
  if (type === 'none' && last === null)
    return { state: 'unknown', sentence: 'There is no such stream, and none was read.' };
  if (type === 'none')
    return {
      state: 'only in Postgres',
      sentence: `The stream is not there any more. It was read up to ${last ?? ''}, and its rows stay.`,
    };
  if (waiting > 0)
    return {
      state: archive.waiting.entries.length > 0 ? 'waiting' : 'not captured',
      sentence: `${inWords(waiting)} to be read, after ${last ?? 'none at all'}.${idle(archive)}`,
    };
  const [letter] = archive.parked;
  if (letter !== undefined)
    return {
      state: 'parked',
      sentence: `Read to its end, but entries are parked, number ${letter.id} among them: \`millrace dead-letters show ${letter.id}\`.`,
    };
  return {
    state: 'applied',
    sentence: length === 0 ? 'Read to its end; it is empty now.' : `Read to its end, which is ${last ?? ''}.`,
  };
}

function verdictOfEntry(
  archive: Archive,
  { last }: TracedStream,
  { id, isInStream, isRead }: TracedEntry,
): Verdict {
  const [letter] = archive.parked;
  if (letter !== undefined)
    return {
      state: 'parked',
      sentence: `Parked as number ${letter.id}: ${letter.column === null ? '' : `${letter.column} `}${letter.message} (${letter.code}); \`millrace dead-letters show ${letter.id}\`.`,
    };
  const [row] = archive.rows;
  if (row !== undefined)
    return {
      state: isInStream ? 'applied' : 'only in Postgres',
      sentence: `Applied: row ${row.id} of ${row.table}. An entry is written once, and the row is nobody's but yours then.`,
    };
  if (isInStream && !isRead)
    return {
      state: archive.waiting.entries.length > 0 ? 'waiting' : 'not captured',
      sentence: `Still to be read: the stream is read up to ${last ?? 'nothing'}.${idle(archive)}`,
    };
  if (isInStream)
    return {
      state: 'unknown',
      sentence:
        'It was read, and has no row any more: that was deleted in Postgres, and is not written again.',
    };
  return { state: 'unknown', sentence: `Neither in the stream nor in Postgres is there an entry ${id}.` };
}

const inWords = (count: number): string =>
  count === 1 ? 'An entry is still' : `About ${count} entries are still`;

const idle = ({ owner, waiting }: Archive): string => {
  if (owner === null) return ' No daemon owns the archive: `millrace run` starts one.';
  return waiting.entries.length > 0
    ? ''
    : ' The next full pass reads them (`millrace reconcile` runs one now).';
};
