import { temporaryFolder } from '../../support/temporary-folder';
import { faults } from '../faults/registry';
import { randomOf } from '../random';
import { runChaos } from '../run-chaos';
import { makeMutant } from './make-mutant';
import { mutants } from './mutants';

/** The harness finds what it is there to find: each of these would be a fault of the product. */
const seed = 16;

test.each(mutants)(
  '$name: it is found',
  async (mutant) => {
    const [outcome] = await runChaos({
      faults: faults.filter(({ name }) => name === mutant.fault),
      seed,
      random: randomOf(seed),
      cli: makeMutant(mutant, temporaryFolderOfTest()),
      // So that no pass heals what the tail has missed.
      settings: { SYNC_INTERVAL: '3600' },
      patienceMs: 8_000,
    });
    expect(outcome?.[mutant.shows]).not.toEqual([]);
  },
  240_000,
);

let copies = 0;
const folder = temporaryFolder();
const temporaryFolderOfTest = () => `${folder}/${String(++copies)}`;
