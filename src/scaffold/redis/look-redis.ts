import { parseCheckpoint, readCheckpoint } from '../../aliases/sink/checkpoint';
import { RedisConnection } from '../../connections/redis';
import type { RedisTarget } from '../../connections/redis-url';
import { countersOf } from '../../mapping/counters';
import { type Catalogue, registryStart } from '../../mapping/kinds';
import type { OwnDocument } from '../documents';
import { type Contents, isRead, readContents } from './contents';
import { isSingle, type KeyShape, shapesOf } from './key-shapes';
import { libraryOf } from './known-keys';
import { ownPrefixes } from '../prefixes';
import { existing, type FoundRedisKey, type KeySample, sampleKeyspace } from './redis-sample';

/** What there is in a Redis that nobody has described. */
export interface FoundRedis extends KeySample {
  /** Of the keys that were asked for, those that are there. */
  readonly met: ReadonlySet<string>;
  /** Whether there are keys of the registry of models. */
  readonly registry: boolean;
  /** By prefix: the documents that Millrace keeps here already. */
  readonly ours: ReadonlyMap<string, OwnDocument>;
  /** Of the keys that no mapping has. */
  readonly shapes: readonly SampledShape[];
  /** How many other shapes there are, which were not looked into. */
  readonly moreShapes: number;
  /** MAX_RECORD_SIZE */
  readonly maxRecordBytes: number;
}

/** A shape, and what a few of its keys hold. */
export interface SampledShape {
  readonly shape: KeyShape;
  readonly contents: readonly Contents[];
  /** Which library keeps these keys for itself; undefined: none that is known. */
  readonly library: string | undefined;
}

const keysOfEach = 20;
/** So many shapes of keys are looked into, and for so long. */
const mostShapes = 100;
const mostMs = 5_000;

/** @param wanted keys to ask for by name, in case the sample has missed them @throws what `translate` makes of a failure */
export async function lookAtRedis(
  target: RedisTarget,
  wanted: readonly string[],
  catalogue: Catalogue,
): Promise<FoundRedis> {
  const connection = new RedisConnection(target, 'config-init');
  try {
    await connection.connect();
    const sample = await sampleKeyspace(connection);
    const met = await existing(connection, sample.whole ? [] : wanted);
    const counters = await existing(
      connection,
      countersOf(catalogue).map(({ key }) => key),
    );
    const start = registryStart(catalogue);
    const registry = counters.size > 0 || sample.keys.some(({ key }) => key.startsWith(start));
    const ours = await ownDocuments(connection);
    const prefixes = [...ownPrefixes(start), ...ours.keys()];
    const foreign = sample.keys.filter(({ key }) => !prefixes.some((prefix) => key.startsWith(prefix)));
    const { maxRecordBytes } = connection;
    return { ...sample, maxRecordBytes, met, registry, ours, ...(await sampled(connection, foreign)) };
  } catch (error) {
    throw connection.translate(error);
  } finally {
    connection.close();
  }
}

async function ownDocuments(connection: RedisConnection): Promise<FoundRedis['ours']> {
  const { mappings = {} } = parseCheckpoint(await readCheckpoint(connection)) ?? {};
  return new Map(Object.entries(mappings).map(([name, { prefix, holds }]) => [prefix, { name, holds }]));
}

async function sampled(
  connection: RedisConnection,
  keys: readonly FoundRedisKey[],
): Promise<Pick<FoundRedis, 'shapes' | 'moreShapes'>> {
  const until = performance.now() + mostMs;
  const library = libraryOf(keys);
  const shapes: SampledShape[] = [];
  let [looked, moreShapes] = [0, 0];
  for (const shape of shapesOf(keys)) {
    const { type } = shape;
    const known = library(shape.keys[0] ?? '');
    if (known !== undefined || !isRead(type) || (type === 'string' && isSingle(shape)))
      shapes.push({ shape, contents: [], library: known });
    else if (looked === mostShapes || performance.now() > until) moreShapes++;
    else {
      shapes.push({
        ...{ shape, library: known },
        contents: await readContents(connection, type, spread(shape.keys)),
      });
      looked++;
    }
  }
  return { shapes, moreShapes };
}

/** A few of the keys, from the first to the last. */
const spread = (keys: readonly string[]): readonly string[] => {
  const step = Math.max(1, keys.length / keysOfEach);
  return Array.from(
    { length: Math.min(keys.length, keysOfEach) },
    (_none, at) => keys[Math.floor(at * step)] ?? '',
  );
};
