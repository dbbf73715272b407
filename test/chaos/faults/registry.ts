import { besideFaults } from './beside';
import { clockFaults } from './clocks';
import { daemonFaults } from './daemon';
import { diskFaults } from './disks';
import { evictionFaults } from './eviction';
import type { Fault } from './fault';
import { narrowMoments } from './narrow-moments';
import { poisonFaults } from './poison';
import { postgresFaults } from './postgres';
import { redisFaults } from './redis';
import { redisForgetsFaults } from './redis-forgets';
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
  ...besideFaults,
  ...wireFaults,
  ...redisFaults,
  ...redisForgetsFaults,
  ...postgresFaults,
  ...sqliteFaults,
  ...clockFaults,
  ...diskFaults,
  ...evictionFaults,
  ...writerFaults,
  ...poisonFaults,
];
