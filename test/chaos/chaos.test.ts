import { faults } from './faults/registry';
import { randomOf } from './random';
import { renderFindings } from './report';
import { runChaos } from './run-chaos';

/** A little of `npm run chaos`, always the same: of each party something. */
const seed = 1_612;
const some = [
  'kill-between-commit-and-reply',
  'redis-client-kill',
  'postgres-backends',
  'sqlite-rebuilt',
  'kill-writers',
];

test('under a few faults nothing is lost, nothing twice, nothing older than it was, and nothing of others touched', async () => {
  const chosen = some.flatMap((name) => faults.filter((fault) => fault.name === name));
  expect(chosen).toHaveLength(some.length);
  const outcomes = await runChaos({ faults: chosen, seed, random: randomOf(seed) });
  expect(
    outcomes.flatMap((outcome) => renderFindings(outcome).map((line) => `${outcome.fault}: ${line}`)),
  ).toEqual([]);
  expect(outcomes.every(({ writes, sights }) => writes > 100 && sights > 100)).toBe(true);
}, 240_000);
