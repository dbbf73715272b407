import { type Comparison, count, type Figure } from '../figure';
import type { Context, Part } from '../suite';
import { applied, firstRead, lastEntry } from './arrival';
import { type Server, withPostgres, withSchema } from './database';
import { verifyWanted, wantedOf } from './fingerprint';
import { type LimitName, type Limits, measureLimits } from './limit';
import { keepOwnKeys } from './own-keys';
import { onDatabase, type Scene, settled, withScene } from './scene';
import { type Sizes, sizesFor } from './sizes';
import { inBulk } from './writes';

/** What waits in the stream for a daemon that is just started, beside what Postgres can take. */
interface Waiting {
  readonly part: string;
  readonly seconds: Part['seconds'];
  /** Whether a daemon has served the database before; if not, it has not a table yet. */
  readonly known: boolean;
  readonly sizes: (sizes: Sizes) => readonly number[];
  /** Beside what: the least share of it, by how many wait. */
  readonly beside: Readonly<Partial<Record<LimitName, Readonly<Record<number, number>>>>>;
}

/** Long enough for everything that is done once to be nothing. */
export const drain = drainPart({
  part: 'drain',
  seconds: [140],
  known: true,
  sizes: ({ backlog }) => [backlog],
  beside: { one: { 1_000_000: 1.2 }, two: { 1_000_000: 0.8 }, bare: {} },
});

export const startedDrain = drainPart({
  part: 'started-drain',
  seconds: [70, 17],
  known: true,
  sizes: ({ started }) => started,
  beside: { one: { 100_000: 0.9 }, whole: { 200_000: 1 } },
});

export const freshDrain = drainPart({
  part: 'fresh-drain',
  seconds: [45, 17],
  known: false,
  sizes: ({ fresh }) => [fresh],
  beside: { one: { 100_000: 0.8, 200_000: 0.8 }, whole: {} },
});

interface Drained extends Limits {
  readonly rate: number;
  readonly peakMb: number;
}

function drainPart(waiting: Waiting): Part {
  return {
    name: waiting.part,
    seconds: waiting.seconds,
    measure: (context) =>
      withPostgres(async (server) => {
        const figures: Figure[] = [];
        for (const size of waiting.sizes(sizesFor(context.quick)))
          figures.push(...figuresOf(waiting, size, await measure(server, waiting, size, context)));
        return figures;
      }),
  };
}

/** Redis is filled once, and before each round is as it was then; so is the database, a copy of the one that was served. */
const measure = (
  server: Server,
  { known, beside }: Waiting,
  size: number,
  { rounds, progress }: Context,
): Promise<readonly Drained[]> =>
  withSchema(server, (limit) =>
    withScene(server, async (scene) => {
      const { client, store, versionId, database: served } = scene;
      progress(`${count(size)}, writing`);
      if (known) await serve(scene);
      await inBulk(store, versionId, size);
      const wanted = await wantedOf(client, 'prediction', size);
      const restore = await keepOwnKeys(client);
      const last = await lastEntry(client);
      const found: Drained[] = [];
      for (let round = 1; round <= rounds; round++) {
        progress(`${count(size)}, round ${round} of ${rounds}`);
        await restore();
        const work = async (database: Scene['database']) => {
          await database.query('CHECKPOINT');
          const { ms, peakMb } = await drainOnce(onDatabase(scene, database), last);
          await verifyWanted(database, wanted);
          const limits = await measureLimits(database, limit, names(beside));
          found.push({ ...limits, rate: (size / ms) * 1_000, peakMb });
        };
        await server.withDatabase(work, known ? served : undefined);
      }
      return found;
    }),
  );

async function serve(scene: Scene): Promise<void> {
  const daemon = await scene.start();
  await settled(daemon);
  await daemon.stop();
}

async function drainOnce({ client, database, start }: Scene, last: string) {
  const read = firstRead(client);
  const daemon = await start();
  const from = await read;
  const ms = (await applied(database, last, 2)) - from;
  const peakMb = daemon.peakMb();
  await daemon.stop();
  return { ms, peakMb };
}

const names = (beside: Waiting['beside']): readonly LimitName[] => Object.keys(beside) as LimitName[];

const words: Readonly<Record<LimitName, string>> = {
  one: 'COPY, same table',
  two: 'the same by two connections',
  whole: '\\copy, same table',
  bare: 'COPY, bare table',
};

function figuresOf({ known, beside }: Waiting, size: number, drained: readonly Drained[]): readonly Figure[] {
  const rows = count(size);
  const where = known ? '' : ' into a database never served';
  const comparison = (name: LimitName): Comparison => ({
    name: words[name],
    kind: 'limit',
    rounds: drained.map(({ rates }) => rates[name]),
    factor: beside[name]?.[size],
  });
  return [
    {
      name: `drain of ${rows} predictions${where}`,
      covers:
        'about 170 bytes each in the stream, written by the function library while no daemon ran; from the first read of the stream by a new process ' +
        `until another connection sees the last of them committed. ${known ? 'A daemon has served this database, whose table is empty, before. ' : ''}` +
        `Beside it the same rows by COPY from memory, in transactions of ${drained.map((one) => count(one.rowsInTransaction)).join(', ')} rows, as many as ` +
        "the daemon's have on average; \\copy is one COPY in one transaction, as psql makes it.",
      unit: '/s',
      rounds: drained.map(({ rate }) => rate),
      comparisons: names(beside).map(comparison),
    },
    {
      name: `memory with a backlog of ${rows}${where}`,
      covers: 'the most that the daemon ever held while it drained them (VmHWM).',
      unit: 'MB',
      rounds: drained.map(({ peakMb }) => peakMb),
      atMost: 170,
      comparisons: [],
    },
  ];
}
