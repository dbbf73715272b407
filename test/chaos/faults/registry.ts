import { daemonFaults } from './daemon';
import type { Fault } from './fault';
import { narrowMoments } from './narrow-moments';
import { poisonFaults } from './poison';
import { postgresFaults } from './postgres';
import { redisFaults } from './redis';
import { sqliteFaults } from './sqlite';
import { wireFaults } from './wire';
import { writerFaults } from './writers';

/** Nothing happens: what is found there is the harness' own. */
const calm: Fault = {
  name: 'calm',
  party: 'writers',
  what: 'nothing: writers write, and readers read',
  run: () => Promise.resolve(),
};

/** All of them, in the order in which they are run. */
export const faults: readonly Fault[] = [
  calm,
  ...daemonFaults,
  ...narrowMoments,
  ...wireFaults,
  ...redisFaults,
  ...postgresFaults,
  ...sqliteFaults,
  ...writerFaults,
  ...poisonFaults,
];
