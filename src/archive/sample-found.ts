import type { RedisConnection } from '../connections/redis';
import type { Catalogue, Kind, ShapeName } from '../mapping/kinds';
import { type Found, unpackFound } from './record/found';
import { keyOf } from './record/key';
import { isUnfit } from './record/unfit';
import { MemberReader } from './truth/member-reader';
import { lastEntry, singleEntries } from './truth/single-entries';
import { type Truth, TruthReader } from './truth/truth';

/** What takes more memory than this is not read to be shown. */
const mostBytes = 1024 * 1024;

/** A key as it is now: its record (one of them, if it holds several), or why it holds none. */
export type Look =
  | { readonly id: Buffer; readonly found: Found }
  | { readonly id: Buffer; readonly found?: undefined; readonly why: string };

/** Reads keys that are there, one by one, for one may be large; those that have gone meanwhile are left out. @throws explained errors */
export async function lookAt(
  redis: RedisConnection,
  catalogue: Catalogue,
  kind: Kind,
  ids: readonly Buffer[],
): Promise<readonly Look[]> {
  const read = readers[kind.shape] ?? wholeRecord;
  const looks: Look[] = [];
  for (const id of ids) {
    const truth = await read(redis, catalogue, kind, id);
    if (truth === 'large') looks.push({ id, why: `takes more than ${mostBytes} bytes, and is not read` });
    else if (truth.state === 'unfit') looks.push({ id, why: truth.reason.message });
    else if (truth.state === 'packed') looks.push({ id, found: unpackFound(kind, truth.value) });
    else if (truth.state === 'found' && truth.records[0] !== undefined)
      looks.push({ id, found: truth.records[0] });
  }
  return looks;
}

type Read = (
  redis: RedisConnection,
  catalogue: Catalogue,
  kind: Kind,
  id: Buffer,
) => Promise<Truth | 'large'>;

const firstMember: Read = async (redis, catalogue, kind, id) => {
  for await (const truth of new MemberReader(redis, catalogue).read(kind, id)) return truth;
  return { state: 'absent' };
};

/** Of a stream the entry that came last: all the others are rows, as a rule. */
const newestEntry: Read = async (redis, _catalogue, kind, id) => {
  const entry = (await singleEntries(redis, kind, id, [lastEntry])).get(lastEntry);
  if (entry === undefined) return { state: 'absent' };
  return isUnfit(entry) ? { state: 'unfit', reason: entry } : { state: 'found', records: [entry] };
};

const wholeRecord: Read = async (redis, catalogue, kind, id) => {
  try {
    const bytes = await redis.client.memory('USAGE', keyOf(kind, id), 'SAMPLES', 1_000);
    if ((bytes ?? 0) > mostBytes) return 'large';
  } catch (error) {
    throw redis.translate(error);
  }
  const [truth] = await new TruthReader(redis, catalogue).read(kind, [id.toString('latin1')]);
  return truth ?? { state: 'absent' };
};

/** By shape, where a key is not read whole. */
const readers: Partial<Readonly<Record<ShapeName, Read>>> = { members: firstMember, entries: newestEntry };
