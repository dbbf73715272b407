import type { RedisConnection } from '../connections/redis';
import type { Keyspace } from '../mapping/documents';
import { cutSample, type KeySample, type MappingSample, noSample, sampleKeys } from '../pipeline/sample';
import { compareKeys } from './sink/compare-keys';
import { showKeys } from './sink/show-keys';
import { keyOf } from './sink/sink';
import { sqliteError } from './source/database';
import type { AliasSource } from './source/source';

/** SQLite is read in the daemon's only thread: so many rows at the most, and no page more after so many milliseconds. */
const pageRows = 50;
const pages = 10;
const patienceMs = 25;

interface Wanted {
  readonly keyspace: Keyspace;
  readonly names: readonly string[];
  readonly values: readonly string[];
  readonly note: string | null;
}

/** The first keys of a mapping, as the SQLite file says and as Redis has them. Reads only. @throws explained errors */
export async function sampleDocument(
  source: AliasSource | undefined,
  connection: RedisConnection,
  name: string,
): Promise<MappingSample> {
  const wanted = read(source, name);
  if (typeof wanted === 'string') return noSample(wanted);
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

/** The first names, and their values. @returns a sentence when the file is not to be read now */
function read(source: AliasSource | undefined, mapping: string): Wanted | string {
  const truth = source?.truths.get(mapping);
  if (source === undefined) return 'the SQLite file is not open';
  if (truth === undefined) return 'it is not served';
  if (!truth.live) return 'its table has no index on the alias, so that a look would read all of it';
  try {
    if (source.standing() !== 'same') return 'the SQLite file has just become another one: look again';
    if (source.writerActive()) return 'somebody is writing to the SQLite file: look again';
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
