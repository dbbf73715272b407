import { readAsset } from '../../src/foundation/package-root';
import { monotonicMs } from '../clock';
import type { DaemonProcess } from '../daemon-process';
import { count, type Figure } from '../figure';
import type { Part } from '../suite';
import { applied, lastEntry } from './arrival';
import { type Database, withPostgres } from './database';
import { counted, verify } from './fingerprint';
import { type Scene, settled, whilePaused, withScene } from './scene';
import { sizesFor } from './sizes';
import { inBulk } from './writes';

const fillSql = readAsset('bench/archive/fill.sql');
const fillAtOnce = 250_000;
/** Ids of what is written are above those of the rows that were there: new rows go to the end of the index, as they do in life. */
const firstId = 10_000_001;
/** A table that has grown by more than this during the rounds is filled anew. */
const tolerance = 1.25;
/** The first level must not look dear because the daemon's code is not compiled yet. */
const warmUpBatches = 5;

/** What a record costs while the table grows. */
export const growth: Part = {
  name: 'growth',
  seconds: [40, 9],
  measure: ({ quick, rounds, progress }) =>
    withPostgres((server) =>
      withScene(server, async (scene) => {
        const { growth: levels, growthBase, batch } = sizesFor(quick);
        const { client, database } = scene;
        await client.set('aidb:counter:prediction', firstId - 1);
        const daemon = await scene.start();
        await settled(daemon);
        const costs = new Map<number, number[]>();
        progress('warming up');
        for (let batches = 0; batches < warmUpBatches; batches++) await appliedBatch(scene, daemon, batch);
        for (const level of levels) {
          const found: number[] = [];
          let rows = Infinity;
          for (let round = 0; round <= rounds; round++) {
            progress(`${count(level)} rows, round ${round} of ${rounds}`);
            if (rows > level * tolerance) rows = await fill(database, level);
            const first = (await counted(client, 'prediction')) + 1;
            const ms = await appliedBatch(scene, daemon, batch);
            await verify(scene, 'prediction', batch, first);
            rows += batch;
            if (round > 0) found.push((ms * 1_000) / batch); // the first warms up
          }
          costs.set(level, found);
        }
        return figures(costs, { levels, growthBase, batch, peakMb: daemon.peakMb() });
      }),
    ),
};

/** @returns milliseconds from when the daemon goes on until another connection sees the last of them */
async function appliedBatch(
  { store, versionId, client, database }: Scene,
  daemon: DaemonProcess,
  batch: number,
): Promise<number> {
  await whilePaused(daemon, () => inBulk(store, versionId, batch));
  const start = monotonicMs();
  return (await applied(database, await lastEntry(client))) - start;
}

/** Fills the table up to so many rows. What the daemon wrote goes: it has been checked. */
async function fill(database: Database, rows: number): Promise<number> {
  const [version] = await database.query('SELECT id FROM model_versions LIMIT 1');
  await database.query('TRUNCATE predictions');
  for (let from = 1; from <= rows; from += fillAtOnce) {
    await database.query(fillSql, [version?.['id'], from, Math.min(rows, from + fillAtOnce - 1)]);
  }
  await database.query('VACUUM (ANALYZE) predictions');
  await database.query('CHECKPOINT');
  return rows;
}

interface Measured {
  readonly levels: readonly number[];
  readonly growthBase: number;
  readonly batch: number;
  readonly peakMb: number;
}

function figures(
  costs: ReadonlyMap<number, readonly number[]>,
  { levels, growthBase, batch, peakMb }: Measured,
): readonly Figure[] {
  const base = costs.get(growthBase) ?? [];
  const largest = levels.at(-1);
  const ofLevels = levels.map((level): Figure => {
    const bar = level === largest ? { factor: 1.3 } : {};
    return {
      name: `cost per record at ${count(level)} rows`,
      covers:
        `${count(batch)} predictions written by the function library while the daemon is paused, added to a table that was filled ` +
        'by SQL, vacuumed and checkpointed; from when it goes on until another connection sees the last of them.',
      unit: 'µs',
      rounds: costs.get(level) ?? [],
      comparisons:
        level === growthBase
          ? []
          : [{ name: `at ${count(growthBase)} rows`, kind: 'floor', rounds: base, ...bar }],
    };
  });
  return [
    ...ofLevels,
    {
      name: 'memory while the table grows',
      covers: 'the most that the daemon ever held (VmHWM) through all of this.',
      unit: 'MB',
      rounds: [peakMb],
      atMost: 170,
      comparisons: [],
    },
  ];
}
