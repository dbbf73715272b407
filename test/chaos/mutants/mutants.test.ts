import { join } from 'node:path';
import { temporaryFolder } from '../../support/temporary-folder';
import { faults } from '../faults/registry';
import { randomOf } from '../random';
import { runChaos } from '../run-chaos';
import { makeMutant } from './make-mutant';
import { type Mutant, mutants } from './mutants';

/** The harness finds what it is there to find: each of these would be a fault of the product. */
const seed = 16;
/** Each fault is the very moment in which its mutant shows: a second try is for a machine that has not let it come about. */
const mostTimes = 2;
const folder = temporaryFolder();

/** What of the kind that it shows as was found. */
async function foundOf({ name, fault, shows, ...mutant }: Mutant): Promise<readonly string[]> {
  const found: string[] = [];
  const untilFound = function* () {
    for (let n = 0; n < mostTimes && found.length === 0; n++)
      yield* faults.filter((one) => one.name === fault);
  };
  await runChaos({
    faults: untilFound(),
    seed,
    random: randomOf(seed),
    cli: makeMutant({ name, fault, shows, ...mutant }, join(folder, name.replaceAll(' ', '-'))),
    // So that no pass heals what the tail has missed.
    settings: { SYNC_INTERVAL: '3600' },
    patienceMs: 8_000,
    onOutcome: (outcome) => {
      found.push(...outcome[shows]);
    },
  });
  return found;
}

test.each(mutants)(
  '$name: it is found',
  async (mutant) => {
    expect(await foundOf(mutant)).not.toEqual([]);
  },
  240_000,
);
