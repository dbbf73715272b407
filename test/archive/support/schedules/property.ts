import fc from 'fast-check';
import { type Code, type Failure, type Instance, type Seen, startInstance } from './instance';
import { type Entry, kinds, newStores, outOfStep, type Kind, write, writeUnheard } from './store';

/** Timers have their turn between two steps: the waits of retries are real. */
const act = async (step: () => Promise<void>) => {
  await step();
  await new Promise(setImmediate);
};
const mostFailures = 5;
/** Many more steps of the clock than there are where everything goes on. */
const mostTime = 5_000;

const writes = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant({ says: 'p' as const, unheard: false }) },
    {
      weight: 2,
      arbitrary: fc.record({ says: fc.constantFrom<Entry['says']>(...kinds), unheard: fc.boolean() }),
    },
  ),
  { minLength: 1, maxLength: 12 },
);
const failure = fc.oneof(
  { weight: 6, arbitrary: fc.constant(undefined) },
  { weight: 2, arbitrary: fc.constantFrom<Failure>('before', 'undone', 'cut', 'unheard') },
);
const ends = fc.array(fc.record({ kind: fc.constantFrom('stop', 'kill'), after: fc.nat(60) }), {
  maxLength: 2,
});

/** I1, I2, I3, I7 in whatever order things happen: stores that fail, writes that nobody hears of, lives that are stopped and killed. */
export const promises = (code: Code, seen: Seen) =>
  fc.asyncProperty(
    fc.scheduler({ act }),
    fc.infiniteStream(fc.constantFrom(1, 2, 3, 100)),
    fc.infiniteStream(failure),
    fc.infiniteStream(fc.integer({ min: 0, max: 5 })),
    writes,
    ends,
    fc.integer({ min: 1, max: 3 }),
    async (schedule, sizes, failures, chance, written, deaths, writers) => {
      const stores = newStores();
      let left = mostFailures;
      const nextFailure = (): Failure => {
        const next = left > 0 ? (failures.next().value as Failure) : undefined;
        if (next !== undefined) left--;
        return next;
      };
      let over = false;
      let current: Instance | undefined;
      const start = () =>
        (current = startInstance({
          ...{ code, stores, schedule, seen, isOver: () => over },
          chances: {
            writers,
            size: () => Number(sizes.next().value),
            failure: nextFailure,
            mayGoOn: () => chance.next().value !== 0,
            isGrowing: () => chance.next().value === 0,
          },
        }));
      const later = async (label: string, times = 1) => {
        for (let time = 0; time < times; time++) await schedule.schedule(Promise.resolve(), label);
      };
      const writeAll = async () => {
        for (const { says, unheard } of written) {
          await later('somebody writes');
          if (!unheard) write(stores, says);
          else {
            writeUnheard(stores, says as Kind);
            current?.askForPass(says as Kind);
          }
        }
        over = true;
        current?.wake();
      };
      const liveOn = async () => {
        for (const { kind, after } of deaths) {
          const one = start();
          const done = await Promise.race([
            one.stopped.then(() => true),
            later('time passes', after).then(() => false),
          ]);
          if (done) return;
          if (kind === 'kill') one.kill();
          else {
            one.stop();
            await one.stopped;
          }
        }
        await start().stopped;
      };
      let ended = false;
      const clock = async () => {
        for (let time = 0; !ended; time++) {
          await later('time passes');
          if (time > mostTime) throw new Error('I4: it never settles');
        }
      };
      void writeAll();
      await schedule.waitFor(Promise.race([liveOn(), clock()])).finally(() => (ended = true));
      const [wrong] = [...stores.wrong, ...outOfStep(stores)];
      if (wrong !== undefined) throw new Error(wrong);
    },
  );
