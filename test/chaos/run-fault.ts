import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../../bench/clock';
import type { Fault } from './faults/fault';
import { judgeRound, type Verdict } from './judge';
import type { Random } from './random';
import { passEverySeconds, type Scene, usualMs, waitFor } from './scene/scene';
import { addRows, readRows, watchRows } from './scene/watch-rows';
import { readKeys, watchKeys } from './scene/watch-keys';
import { cacheTables } from './scene/sqlite-file';
import { Writers } from './scene/writers';
import { countLetters, outOfStep } from './settle';

export interface Outcome extends Verdict {
  readonly fault: string;
  /** Why it was left out, and nothing of it tried. */
  readonly leftOut?: string;
  readonly seconds: number;
  /** How often kill -9 has ended a Millrace. */
  readonly kills: number;
  /** Writes that writers began. */
  readonly writes: number;
  /** What readers saw change. */
  readonly sights: number;
  /** Milliseconds from the end of all writing to the moment at which the stores are in step; undefined: they never were. */
  readonly converged: number | undefined;
  /** Milliseconds until health turned red, at the slowest; undefined: it need not. */
  readonly red: number | undefined;
  /** Milliseconds from the end of the fault until health was green for good; undefined: it never was. */
  readonly green: number | undefined;
}

/** Of a fault that was left out. */
const nothing = {
  ...{ seconds: 0, kills: 0, writes: 0, sights: 0, converged: undefined, red: undefined, green: undefined },
  ...{ lost: [], duplicated: [], backwards: [], invented: [], harmed: [], troubles: [] },
} as const;

/** One interval heals everything; the rest is for a machine that others use as well. */
const usualPatienceMs = (passEverySeconds + 30) * 1_000;

export interface RoundOptions {
  readonly round: string;
  readonly seed: number;
  readonly random: Random;
  /** Within which the stores have to come into step. */
  readonly patienceMs?: number | undefined;
}

/** As many as the cache writer has of each table, and two that it holds: see cache-process.ts. */
const keysOfTable = 25;

const keysOf = (round: string): string[] =>
  cacheTables.flatMap(({ served }) =>
    served.flatMap(({ prefix }) =>
      ['00', ...Array.from({ length: keysOfTable + 1 }, (_, at) => at)].map(
        (at) => `${prefix}${round}-${at}`,
      ),
    ),
  );

/** Writers write and readers read; the fault comes and goes; the writers end, the stores come into step, and what was seen is judged. */
export async function runFault(scene: Scene, fault: Fault, options: RoundOptions): Promise<Outcome> {
  const { round, seed, random, patienceMs = usualPatienceMs } = options;
  const begun = monotonicMs();
  const leftOut = fault.lacks?.();
  if (leftOut !== undefined) return { ...nothing, fault: fault.name, leftOut };
  forget(scene);
  const keys = keysOf(round);
  const keyWatch = watchKeys(scene.redis.url, keys);
  const rowWatch = watchRows(scene.postgres.pool, round);
  const writers = new Writers({
    round,
    seed,
    dbPath: scene.dbPath,
    redisUrl: scene.redis.url,
    folder: scene.folder,
    cacheEnvironment: scene.filesShim?.environment ?? {},
  });
  scene.writers = writers;
  try {
    // On a busy machine a process takes a while to begin: what happens before it does happens to nobody.
    await writers.allWrite();
    await delay(usualMs);
    await fault.run(scene, random).catch((error: unknown) => {
      scene.troubles.push(
        `the fault itself failed: ${error instanceof Error ? error.message : String(error)}`,
      );
    });
    scene.redis.wire.heal();
    scene.postgres.wire.heal();
    await scene.oneDaemon();
    const healed = monotonicMs();
    await delay(usualMs);
    await writers.stop();
    const stopped = monotonicMs();
    let left: readonly string[] = ['nobody looked'];
    const inStep = await waitFor(async () => {
      if (scene.health.greenAfter(healed) === undefined) left = scene.health.reasons;
      else left = await outOfStep(scene);
      return left.length === 0;
    }, patienceMs);
    const converged = inStep ? monotonicMs() - stopped : undefined;
    if (!inStep) scene.troubles.push(...left.map((one) => `not in step: ${one}`));
    await keyWatch.stop();
    await rowWatch.stop();
    const at = monotonicMs();
    const values = await readKeys(scene.redis.client, keys);
    keyWatch.sights.add(keys.map((key, n) => [key, values[n] ?? null]), at); // prettier-ignore
    addRows(await readRows(scene.postgres.pool, round), rowWatch);
    if (scene.rewinds.redis.length > 0) scene.letters = await countLetters(scene.postgres.pool);
    const verdict = await judgeRound(scene, {
      fault,
      round,
      journals: writers.journals,
      ended: writers.ended,
      keyWatch,
      rowWatch,
    });
    return {
      fault: fault.name,
      seconds: Math.round((monotonicMs() - begun) / 100) / 10,
      kills: scene.kills,
      sights: keyWatch.sights.count + rowWatch.sights.count,
      converged,
      red: scene.reds.length === 0 ? undefined : Math.max(...scene.reds),
      green: scene.health.greenAfter(healed),
      ...verdict,
    };
  } finally {
    scene.writers = undefined;
    await writers.stop().catch(() => undefined);
    await keyWatch.stop();
    await rowWatch.stop();
  }
}

function forget(scene: Scene): void {
  const { rewinds, troubles, reds } = scene;
  scene.kills = 0;
  for (const store of Object.values(rewinds)) store.length = 0;
  troubles.length = 0;
  reds.length = 0;
}
