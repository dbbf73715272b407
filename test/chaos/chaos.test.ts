import { faults } from './faults/registry';
import { mutants } from './mutants/mutants';
import { randomOf } from './random';
import { renderFindings } from './report';
import { runChaos } from './run-chaos';

/** What finds each mutant finds nothing where nothing is broken: a little of `npm run chaos`, without a pass that would heal anything. */
const seed = 1_612;
const some = new Set(mutants.map(({ fault }) => fault));

test('under the faults that find the mutants nothing is lost, nothing twice, nothing older than it was, and nothing of others touched', async () => {
  const chosen = faults.filter(({ name }) => some.has(name));
  expect(chosen).toHaveLength(some.size);
  const settings = { SYNC_INTERVAL: '3600' };
  const outcomes = await runChaos({ faults: chosen, seed, random: randomOf(seed), settings });
  expect(
    outcomes.flatMap((outcome) => renderFindings(outcome).map((line) => `${outcome.fault}: ${line}`)),
  ).toEqual([]);
  expect(outcomes.every(({ writes, sights }) => writes > 100 && sights > 100)).toBe(true);
}, 240_000);
