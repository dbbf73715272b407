import { parseCheckpoint, readCheckpoint } from '../aliases/sink/checkpoint';
import { RedisConnection } from '../connections/redis';
import type { RedisTarget } from '../connections/redis-url';
import { countersOf } from '../mapping/counters';
import { type Catalogue, registryStart } from '../mapping/kinds';
import type { OwnDocument } from './documents';
import { type KeyShape, shapesOf } from './key-shapes';
import { ownPrefixes } from './prefixes';
import type { SampledShape } from './records';
import { existing, type KeySample, sampleHashes, sampleKeyspace } from './redis-sample';

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
}

const hashesOfEach = 20;
/** So many shapes of keys are looked into, and for so long. */
const mostShapes = 50;
const mostMs = 2_000;

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
    return { ...sample, met, registry, ours, shapes: await sampled(connection, shapesOf(foreign)) };
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
  shapes: readonly KeyShape[],
): Promise<readonly SampledShape[]> {
  const until = performance.now() + mostMs;
  const found: SampledShape[] = [];
  for (const shape of shapes.slice(0, mostShapes)) {
    const isRead = shape.type === 'hash' && performance.now() < until;
    found.push({ shape, hashes: isRead ? await sampleHashes(connection, spread(shape.keys)) : [] });
  }
  return found;
}

/** A few of the keys, from the first to the last. */
const spread = (keys: readonly string[]): readonly string[] => {
  const step = Math.max(1, keys.length / hashesOfEach);
  return Array.from(
    { length: Math.min(keys.length, hashesOfEach) },
    (_none, at) => keys[Math.floor(at * step)] ?? '',
  );
};
