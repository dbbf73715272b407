import { setTimeout as delay } from 'node:timers/promises';
import { threeTests } from './alias-journeys';
import { addAliases, verifyAliases } from './aliases';
import { completedRun, loggedPrediction, plainPrediction } from './archive-journeys';
import { type Connections, connect } from './connections';
import { recordKeys } from './expected';
import { fill, type Filled } from './fill';
import type { Scene } from './scene';
import { told } from './travel';
import { type Verification, verify } from './verify';

type Say = (line: string) => void;

/** Plays the demo: fills the stores, syncs, verifies, and shows live changes. @returns whether everything is as it should be */
export async function show(scene: Scene, say: Say, signal: AbortSignal): Promise<boolean> {
  const connections = await connect(scene, signal);
  try {
    const filled = await fillBoth(connections, say);
    const { aliases, archive, http } = await scene.sync();
    say(`SQLite → Redis\n${aliases}\nRedis → PostgreSQL\n${archive}`);
    if (!scene.own) say('Full passes find nothing to do: the daemon takes every change as it comes.\n');
    if (!(await verifyBoth(connections, { filled, all: scene.own }, say))) return false;
    await showChanges(connections, { filled, http }, say);
    return true;
  } finally {
    connections.close();
  }
}

async function fillBoth(connections: Connections, say: Say): Promise<Filled> {
  const before = performance.now();
  const filled = await fill(connections);
  const ms = Math.round(performance.now() - before);
  say(
    filled.fresh
      ? `Redis filled through ModelStore, in ${ms} ms: 2 models, 2 datasets, a version, a run, 5 hyperparameters,\n` +
          '5 epochs of 4 metrics, an experiment with its run, 10 predictions.'
      : 'Redis has the records of an earlier demo: they will do.',
  );
  say(`SQLite has ${addAliases(connections.db)} aliases.\n`);
  return filled;
}

/** How many differences are shown at the most. */
const shownDifferences = 20;

async function verifyBoth(
  connections: Connections,
  { filled, all }: { readonly filled: Filled; readonly all: boolean },
  say: Say,
): Promise<boolean> {
  const { redis, postgres, db } = connections;
  const keys = all ? await recordKeys(redis) : filled.keys;
  const comparisons = await verify({ redis, postgres, keys, all });
  say('Verified by plain queries on both sides, every column of every record:');
  for (const comparison of comparisons) say(verdict(comparison));
  say('  (ids as mapped, parents, 0 as NULL, JSON text character by character, times to the microsecond)');
  const aliases = await verifyAliases(db, redis);
  say(`${verdict(aliases)}, in Redis and in SQLite\n`);
  const differences = [...comparisons, aliases].flatMap((comparison) => comparison.differences);
  for (const difference of differences.slice(0, shownDifferences)) say(`  ${difference}`);
  if (differences.length > shownDifferences) say(`  … and ${differences.length - shownDifferences} more`);
  return differences.length === 0;
}

const verdict = ({ records, equal, total, differences }: Verification): string =>
  `  ${differences.length === 0 ? '✓' : '✗'} ${equal} of ${total} ${records} are equal`;

async function showChanges(
  connections: Connections,
  { filled, http }: { readonly filled: Filled; readonly http: string },
  say: Say,
): Promise<void> {
  const { modelVersionId, runId } = filled;
  say('Live changes, SQLite → Redis:\n');
  for await (const travelled of threeTests(connections)) say(told(travelled));
  say('Live changes, Redis → PostgreSQL:\n');
  say(told(await loggedPrediction(connections, modelVersionId)));
  await mirrorListens(http);
  say(told(await plainPrediction(connections, modelVersionId)));
  say(told(await completedRun(connections, runId)));
}

/** Waits until the daemon listens to plain writes, soon after its start: before that they do not travel at once. */
async function mirrorListens(http: string): Promise<void> {
  for (const deadline = Date.now() + 5_000; Date.now() < deadline;) {
    const status = (await (await fetch(`${http}/status`)).json()) as {
      readonly archive?: { readonly mirror?: { readonly state?: string } };
    };
    if (status.archive?.mirror?.state === 'listening') return;
    await delay(50);
  }
}
