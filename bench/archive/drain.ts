import { count, type Figure } from '../figure';
import type { Context, Part } from '../suite';
import { applied, firstRead, lastEntry } from './arrival';
import { type Server, withPostgres, withSchema } from './database';
import { verify } from './fingerprint';
import { type Limits, measureLimits } from './limit';
import { settled, withScene } from './scene';
import { sizesFor } from './sizes';
import { inBulk } from './writes';

interface Drain extends Limits {
  readonly rate: number;
  readonly peakMb: number;
}

/** What waited while the daemon was away, beside what Postgres can take. */
export const drain: Part = {
  name: 'drain',
  measure: ({ quick, rounds, progress }: Context) =>
    withPostgres(async (server) => {
      const { backlog } = sizesFor(quick);
      const drains: Drain[] = [];
      for (let round = 1; round <= rounds; round++) {
        const say = (what: string) => {
          progress(`round ${round} of ${rounds}, ${what}`);
        };
        drains.push(await measureOnce(server, backlog, say));
      }
      return figures(drains, backlog);
    }),
};

const measureOnce = (server: Server, backlog: number, progress: (what: string) => void): Promise<Drain> =>
  withScene(server, async (scene) => {
    const { database, client, store, versionId } = scene;
    const before = await scene.start();
    await settled(before);
    await before.stop();
    progress('writing');
    await inBulk(store, versionId, backlog);
    const last = await lastEntry(client);
    await database.query('CHECKPOINT');
    progress('draining');
    const read = firstRead(client);
    const daemon = await scene.start();
    const start = await read;
    const end = await applied(database, last, 10);
    const peakMb = daemon.peakMb();
    await daemon.stop();
    progress('checking');
    await verify(scene, 'prediction', backlog);
    progress('COPY');
    const limits = await withSchema(server, (limit) => measureLimits(database, limit));
    return { ...limits, rate: (backlog / (end - start)) * 1_000, peakMb };
  });

function figures(drains: readonly Drain[], backlog: number): readonly Figure[] {
  const of = (name: keyof Drain) => drains.map((one) => one[name]);
  const rows = count(backlog);
  return [
    {
      name: `drain of ${rows} predictions`,
      covers:
        'about 170 bytes each in the stream, written by the function library while the daemon was stopped; from its first read of the stream (a new process, ' +
        'nothing compiled yet) until another connection sees the last of them committed. Beside it the same rows by COPY ' +
        `from memory, in transactions of ${of('rowsInTransaction').map(count).join(', ')} rows, as many as the daemon's have on average.`,
      unit: '/s',
      rounds: of('rate'),
      atLeast: 60_000,
      comparisons: [
        { name: 'COPY, same table', kind: 'floor', rounds: of('one'), factor: 1 / 0.9 },
        { name: 'the same by two connections', kind: 'floor', rounds: of('two') },
        { name: 'COPY, bare table', kind: 'floor', rounds: of('bare') },
      ],
    },
    {
      name: `memory with a backlog of ${rows}`,
      covers: 'the most that the daemon ever held while it drained them (VmHWM).',
      unit: 'MB',
      rounds: of('peakMb'),
      atMost: 250,
      comparisons: [],
    },
  ];
}
