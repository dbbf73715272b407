// @ts-check
import { count, counted, duration, size } from '../format.js';
import { common, found, lastPassFact, store } from './view.js';

/**
 * @typedef {import('./view.js').View} View
 * @typedef {import('./view.js').Fact} Fact
 * @typedef {NonNullable<import('./view.js').DaemonStatus['archive']>} ArchiveStatus
 */

/** A forecast of months is noise. */
const farSeconds = 30 * 86_400;

/** @type {Record<ArchiveStatus['mirror']['state'], string>} */
const mirrorWords = {
  off: 'off: plain writes are found by full passes',
  waiting: 'waits to be the owner',
  listening: 'listening to plain writes',
  refused: 'refused',
  down: 'down, trying again',
};

/**
 * @param {ArchiveStatus} status
 * @param {import('./view.js').Moment} moment
 * @returns {View}
 */
export function viewOfArchive(status, moment) {
  const { nextPass, ...shared } = common(status, moment);
  const { lastPass, memory, position } = status;
  const differences = Object.values(lastPass?.differences ?? {}).reduce((sum, number) => sum + number, 0);
  return {
    ...shared,
    stops: [
      {
        title: 'Redis',
        name: status.redis,
        ...store(status, 'Redis', memory === null ? '' : `${size(memory.usedBytes)} used`),
      },
      {
        title: 'Stream',
        name: 'millrace:changes',
        fact: memory === null ? '' : counted(memory.streamLength, 'entry', 'entries'),
      },
      { title: 'PostgreSQL', name: status.postgres, ...store(status, 'Postgres', parked(status)) },
    ],
    steps: ['capture', 'tail'],
    facts: [
      lastPassFact(lastPass, found(differences), moment.at),
      nextPass,
      ownerFact(status),
      mirrorFact(status),
      ...memoryFacts(memory),
      { name: 'Position', value: position?.entryId ?? 'none yet' },
    ],
    unserved: null,
    table:
      lastPass === null
        ? null
        : {
            caption: 'By kind, in the last full pass',
            head: ['Kind', 'Differences'],
            rows: Object.entries(lastPass.differences).map(([kind, number]) => [kind, count(number)]),
          },
  };
}

/** @param {ArchiveStatus} status */
const parked = ({ role, deadLetters }) =>
  role === 'standby' || role === 'starting'
    ? '' // they are the owner's to count
    : deadLetters === 0
      ? 'none parked'
      : `${count(deadLetters)} parked`;

/**
 * @param {ArchiveStatus} status
 * @returns {Fact}
 */
const ownerFact = ({ role, owner }) => ({
  name: 'Owner',
  value:
    owner === null
      ? 'not known yet'
      : role === 'owner'
        ? `${owner}, this daemon`
        : role === 'uncertain'
          ? `not certain: ${owner}, this daemon, was; Postgres does not confirm it`
          : `${owner}; this daemon stands by, and takes over when it is gone`,
  theirs: true,
});

/**
 * @param {ArchiveStatus} status
 * @returns {Fact}
 */
function mirrorFact({ mirror }) {
  const { state, message, hint, mirrored } = mirror;
  const why = [message, hint].filter((part) => part !== undefined).join(' ');
  const so = `${mirrorWords[state]}${state === 'listening' ? `; ${count(mirrored)} so far` : ''}`;
  return { name: 'Mirror', value: why === '' ? so : `${so}: ${why}`, theirs: true };
}

/**
 * @param {ArchiveStatus['memory']} memory
 * @returns {readonly Fact[]}
 */
function memoryFacts(memory) {
  if (memory === null) return [];
  const { streamLength, usedBytes, limitBytes, fullInSeconds } = memory;
  const full =
    fullInSeconds === null || fullInSeconds > farSeconds
      ? ''
      : `; full in ${duration(fullInSeconds * 1_000)} at this rate`;
  return [
    { name: 'Stream', value: counted(streamLength, 'entry', 'entries') },
    {
      name: 'Memory of Redis',
      value: `${size(usedBytes)}${limitBytes === null ? '' : ` of ${size(limitBytes)}`}${full}`,
    },
  ];
}
