import fc from 'fast-check';
import { AliasFollower } from '../../../src/aliases/sink/follower';
import { AliasSink } from '../../../src/aliases/sink/sink';
import { mutated } from '../../support/mutant';
import { type Code, type Instance, startInstance } from '../support/schedules/instance';
import { flush, type Name, names, newStores, outOfStep, write } from '../support/schedules/stores';

/** Timers have their turn between two steps: the waits of retries are real. */
const act = async (step: () => Promise<void>) => {
  await step();
  await new Promise(setImmediate);
};
/** Many more steps of the clock than there are where everything goes on. */
const mostTime = 5_000;

const code: Code = { AliasSink, AliasFollower };

const happenings = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom<Name>(...names) },
    { weight: 1, arbitrary: fc.constantFrom('flush', 'kill') },
  ),
  { minLength: 1, maxLength: 8 },
);

// The follower looks at the checkpoint once a second: here each time that it is asked.
beforeEach(() => {
  let now = 0;
  jest.spyOn(performance, 'now').mockImplementation(() => (now += 1_000));
});
afterEach(() => jest.restoreAllMocks());

interface Seen {
  together: number;
  cut: number;
}

/** I1, I3, I7 with two instances, whose connections are cut, one of which is killed, and a Redis that is flushed. */
const promises = (code: Code, seen: Seen, fenced = true) =>
  fc.asyncProperty(
    fc.scheduler({ act }),
    fc.infiniteStream(fc.nat(7)),
    happenings,
    fc.integer({ min: 1, max: 2 }),
    async (schedule, chance, happening, count) => {
      const stores = newStores(fenced);
      let cutsLeft = 3;
      const cuts = () => {
        if (cutsLeft === 0 || chance.next().value !== 0) return false;
        seen.cut++;
        cutsLeft--;
        return true;
      };
      const start = () => startInstance({ code, stores, schedule, cuts, onTogether: () => seen.together++ });
      const instances: Instance[] = Array.from({ length: count }, start);
      const later = (label: string) => schedule.schedule(Promise.resolve(), label);
      const happen = async () => {
        for (const one of happening) {
          await later('something happens');
          if (one === 'flush') flush(stores);
          else if (one === 'kill') {
            instances.shift()?.kill();
            instances.push(start());
          } else write(stores, one);
        }
      };
      const untilSettled = async () => {
        for (let time = 0; !instances.every((one) => one.isAtRest()); time++) {
          if (time > mostTime) throw new Error('I4: it never settles');
          for (const one of instances) one.wake(); // as the tick does
          await later('time passes');
        }
        for (const one of instances) one.stop();
        await Promise.all(instances.map(({ stopped }) => stopped));
      };
      await schedule.waitFor(happen().then(untilSettled));
      const [wrong] = [...stores.wrong, ...outOfStep(stores)];
      if (wrong !== undefined) throw new Error(wrong);
    },
  );

test('in whatever order Redis answers, with two instances, cut connections and a flush: no key is lost or older, no checkpoint ahead of its keys', async () => {
  const seen = { together: 0, cut: 0 };
  await fc.assert(promises(code, seen), { numRuns: 300 });
  // Otherwise nothing would have been tried.
  for (const times of Object.values(seen)) expect(times).toBeGreaterThan(10);
}, 60_000);

const finds = async (one: Code, fenced: boolean, found: RegExp) => {
  const { failed, errorInstance } = await fc.check(promises(one, { together: 0, cut: 0 }, fenced), {
    numRuns: 3_000,
    endOnFailure: true,
  });
  expect(failed).toBe(true);
  expect(String(errorInstance)).toMatch(found);
};

test('the mutant is found: no fence in apply.lua', () => finds(code, false, /^Error: I\d: /), 60_000);

test('the mutant is found: nobody looks whether the checkpoint is still ours', async () => {
  const from = 'expected.stamp === found?.stamp && !lacksPosition';
  const mutant = mutated({ file: 'src/aliases/sink/follower.ts', from, to: 'true' }) as Partial<Code>;
  await finds({ ...code, ...mutant }, true, /^Error: I\d: /);
}, 60_000);
