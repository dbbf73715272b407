import { setTimeout as delay } from 'node:timers/promises';
import type { RedisConnection } from '../connections/redis';
import type { Keyspace } from '../mapping/documents';
import { cutSample, type KeySample, type MappingSample, noSample, sampleKeys } from '../mapping/sample';
import { compareKeys } from './sink/compare-keys';
import { showKeys } from './sink/show-keys';
import { keyOf } from './sink/sink';
import { sqliteError } from './source/file/database';
import type { AliasSource } from './source/source';

/** SQLite is read in the daemon's only thread: so many rows at the most, and no page more after so many milliseconds. */
const pageRows = 50;
const pages = 10;
const patienceMs = 25;

/** How long the file is waited for, and how often it is looked at meanwhile. */
const openingMs = 2_000;
const againMs = 50;

/** Why nothing was read; `passes`: soon it may be otherwise. */
interface Unread {
  readonly why: string;
  readonly passes?: true;
}

interface Wanted {
  readonly keyspace: Keyspace;
  readonly names: readonly string[];
  readonly values: readonly string[];
  readonly note: string | null;
}

/** The first keys of a mapping, as the SQLite file says and as Redis has them. Reads only. @throws explained errors */
export async function sampleDocument(
  sourceNow: () => AliasSource | undefined,
  connection: RedisConnection,
  name: string,
): Promise<MappingSample> {
  const wanted = await readSoon(sourceNow, name);
  if ('why' in wanted) return noSample(wanted.why);
  const { keyspace, names, values, note } = wanted;
  const keys = names.map((one) => keyOf(keyspace, one));
  const states = await compareKeys(connection, { keyspace, keys, values });
  const shown = await showKeys(
    connection,
    keyspace,
    keys.map((key, at) => ({ key, value: values[at] ?? '' })),
  );
  const told = keys.map((key, at): KeySample => {
    const redis = shown[at] ?? null;
    const state = states[at];
    return {
      key: key.toString(),
      source: cutSample(values[at] ?? ''),
      target: redis === null ? null : cutSample(redis),
      state: state === 'same' ? 'same' : state === 'absent' ? 'missing' : 'different',
    };
  });
  return { keys: told, note, rows: null };
}

/** The file may be closed for a moment, or somebody may be writing to it: then it is looked at again, for a while. */
async function readSoon(sourceNow: () => AliasSource | undefined, mapping: string): Promise<Wanted | Unread> {
  const until = performance.now() + openingMs;
  for (;;) {
    const read = readFirst(sourceNow(), mapping);
    if (!('passes' in read) || performance.now() > until) return read;
    await delay(againMs);
  }
}

/** The first names, and their values. */
function readFirst(source: AliasSource | undefined, mapping: string): Wanted | Unread {
  if (source?.isOpen !== true) return { why: 'the SQLite file is not open', passes: true };
  const truth = source.truths.get(mapping);
  if (truth === undefined) return { why: 'it is not served' };
  if (!truth.live) return { why: 'its table has no index on the alias, so that a look would read all of it' };
  try {
    if (source.standing() !== 'same') return { why: 'the SQLite file has become another one', passes: true };
    if (source.writerActive()) return { why: 'somebody is writing to the SQLite file', passes: true };
    const names: string[] = [];
    const values: string[] = [];
    const until = performance.now() + patienceMs;
    let from: unknown;
    for (let page = 0; page < pages && names.length < sampleKeys; page++) {
      const walked = truth.walk(from, pageRows);
      names.push(...walked.aliases);
      values.push(...walked.values);
      from = walked.next;
      if (from === undefined || performance.now() > until) break;
    }
    const { keyspace } = truth;
    const note = names.length < sampleKeys && from !== undefined ? 'the first rows have no more keys' : null;
    return { keyspace, names: names.slice(0, sampleKeys), values: values.slice(0, sampleKeys), note };
  } catch (error) {
    throw sqliteError(error, source.options.path);
  }
}
