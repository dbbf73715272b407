import {
  type ArchiveCheckpoint,
  judge,
  type ArchiveJudgement,
} from '../../../src/archive/position/continuity';
import { parseFacts, type RedisFacts } from '../../../src/archive/position/redis-facts';

type Change = Partial<Omit<RedisFacts, 'stream' | 'counters'>> & {
  stream?: Partial<RedisFacts['stream']>;
  counters?: Partial<RedisFacts['counters']>;
};

const position = '1000-3';
const before: RedisFacts = {
  runId: 'run1',
  replication: 'history1',
  incarnation: 'life1',
  stream: { exists: true, length: 5, firstId: position, lastGeneratedId: '1000-7', entriesAdded: 50 },
  counters: { model: '3', version: '4', dataset: null, run: '9', experiment: null, prediction: '5012' },
  entryAt: true,
};
const change = (facts: RedisFacts, { stream, counters, ...rest }: Change): RedisFacts => ({
  ...facts,
  ...rest,
  stream: { ...facts.stream, ...stream },
  counters: { ...facts.counters, ...(counters as RedisFacts['counters'] | undefined) },
});
const noStream = { exists: false, length: 0, firstId: null, lastGeneratedId: '0-0', entriesAdded: null };
const noCounters = { model: null, version: null, run: null, prediction: null };
const checkpoint: ArchiveCheckpoint = { incarnation: 'life1', entryId: position, seen: before };
const unread: ArchiveCheckpoint = {
  incarnation: 'life1',
  entryId: '0-0',
  seen: change(before, { entryAt: false, stream: noStream }),
};

/** [what happened, what Redis shows, verdict, pass, incident (none: it must not tell one), checkpoint] */
type Case = readonly [
  string,
  Change,
  ArchiveJudgement['verdict'],
  boolean,
  (RegExp | undefined)?,
  ArchiveCheckpoint?,
];

// A case a line.
// prettier-ignore
const cases: readonly Case[] = [
  ['nothing', {}, 'continue', false],
  ['writes', { stream: { lastGeneratedId: '2000-0', entriesAdded: 60 }, counters: { prediction: '5022' } }, 'continue', false],
  ['a first run of some kind', { counters: { dataset: '1' } }, 'continue', false],
  ['a restart with all data', { runId: 'run2' }, 'continue', true],
  ['a replica that became the master, or full data of another one', { replication: 'history2' }, 'continue', true],
  ['the same with older data', { replication: 'history2', counters: { prediction: '5011' } }, 'backwards', true, /counter prediction was 5012 and is 5011/],
  ['a history that is not told', { replication: null }, 'continue', false],
  ['an upgrade from Redis 6.2', { runId: 'run2', stream: { entriesAdded: 5 } }, 'continue', true, undefined, { ...checkpoint, seen: change(before, { stream: { entriesAdded: null } }) }],
  ['facts never kept', {}, 'continue', false, undefined, { ...checkpoint, seen: null }],

  ['FLUSHALL', { incarnation: null, entryAt: false, stream: noStream, counters: noCounters }, 'backwards', true, /counter model was 3 and is gone/],
  ['FLUSHALL, nothing seen before', { incarnation: null, entryAt: false, stream: noStream, counters: noCounters }, 'backwards', true, /flushed, or restarted without its data/, { ...checkpoint, seen: null }],
  ['FLUSHALL and writes that passed the counters', { incarnation: null, entryAt: false, stream: { firstId: '2000-0', lastGeneratedId: '3000-0', entriesAdded: 90 }, counters: { prediction: '9999' }, }, 'backwards', true, /flushed, or restarted without its data/],
  ['a restart without data', { runId: 'run2', incarnation: null, entryAt: false, stream: noStream, counters: noCounters }, 'backwards', true, /went backwards/],
  ['another Redis', { runId: 'other', incarnation: 'life9', entryAt: false }, 'backwards', true, /incarnation was life1 and is life9/],
  ['a clone with our entry, taken over', { incarnation: 'life9' }, 'backwards', true, /incarnation was life1 and is life9/],

  ['DEL of the stream', { entryAt: false, stream: noStream }, 'gap', true, /millrace:changes is gone: somebody trimmed or deleted it/],
  ['DEL of the stream while away', { entryAt: false, stream: noStream }, 'gap', true, /is gone/, { ...checkpoint, seen: null }],
  ['DEL of the stream and new entries', { entryAt: false, stream: { length: 2, firstId: '2000-0', lastGeneratedId: '2000-1', entriesAdded: 2 } }, 'gap', true, /has no longer 1000-3/],
  ['DEL of the stream and a clock that went back', { entryAt: false, stream: { length: 1, firstId: '900-0', lastGeneratedId: '900-0', entriesAdded: 1 } }, 'gap', true, /ends at 900-0, and 1000-3 was read already/],
  ['XTRIM MAXLEN by a stranger', { entryAt: false, stream: { length: 1, firstId: '1000-7' } }, 'gap', true, /has no longer 1000-3/],
  ['XTRIM MAXLEN 0 by a stranger', { entryAt: false, stream: { length: 0, firstId: null } }, 'gap', true, /has no longer 1000-3/],
  ['DEL of a stream not read yet', { entryAt: false, stream: noStream }, 'gap', true, /is gone/, { ...checkpoint, entryId: '0-0' }],

  ['an older snapshot', { runId: 'run2', entryAt: false, stream: { lastGeneratedId: '800-0', entriesAdded: 30 }, counters: { prediction: '17' }, }, 'backwards', true, /counter prediction was 5012 and is 17/],
  ['an older snapshot, counters unused', { runId: 'run2', entryAt: false, stream: { lastGeneratedId: '800-0', entriesAdded: 30 } }, 'backwards', true, /ends at 800-0, and 1000-3 was read already: an older state/],
  ['an older snapshot and new entries since', { runId: 'run2', entryAt: false, stream: { lastGeneratedId: '2000-0', entriesAdded: 40 }, counters: { prediction: '4000' }, }, 'backwards', true, /counter prediction was 5012 and is 4000/],
  ['an older snapshot and so many writes since that they passed what was seen', { runId: 'run2', entryAt: false, stream: { lastGeneratedId: '2000-0', entriesAdded: 999 }, counters: { prediction: '9000' }, }, 'backwards', true, /has no longer 1000-3, the last entry read: an older state/],
  ['an older state put back without a restart', { entryAt: false, stream: { lastGeneratedId: '2000-0', entriesAdded: 40 }, counters: { prediction: '17' }, }, 'backwards', true, /counter prediction was 5012 and is 17/],
  ['a snapshot from between our position and what was seen', { runId: 'run2', stream: { lastGeneratedId: '1000-5', entriesAdded: 48 } }, 'backwards', true, /ended at 1000-7 and ends at 1000-5/],
  ['the same, put back without a restart', { stream: { lastGeneratedId: '1000-5', entriesAdded: 48 } }, 'backwards', true, /ended at 1000-7 and ends at 1000-5: an older state/],
  ['the same, from before our incarnation was written', { incarnation: null, stream: { lastGeneratedId: '1000-5', entriesAdded: 48 } }, 'backwards', true, /went backwards/],
  ['the same, and new entries since', { runId: 'run2', stream: { lastGeneratedId: '2000-0', entriesAdded: 49 } }, 'backwards', true, /had seen 50 entries and now 49/],
  ['a crash that lost the last second of a mirrored counter', { runId: 'run2', counters: { prediction: '5011' } }, 'backwards', true, /counter prediction was 5012 and is 5011/],

  ['a counter deleted', { counters: { prediction: null } }, 'continue', true, /somebody changed a counter in Redis: counter prediction was 5012 and is gone/],
  ['a counter set back', { counters: { run: '-1' } }, 'continue', true, /counter run was 9 and is -1/],
  ['a counter full of garbage', { counters: { run: 'many', model: '' } }, 'continue', false],
  ['a counter that was garbage', { counters: { run: '1' } }, 'continue', false, undefined, { ...checkpoint, seen: change(before, { counters: { run: '1e3' } }) }],
  ['counters past 2^53', { counters: { run: '9007199254740992' } }, 'continue', true, /was 9007199254740993 and is 9007199254740992/, { ...checkpoint, seen: change(before, { counters: { run: '9007199254740993' } }) }],
  ['our incarnation key deleted, or a flush and entries since that we have read', { incarnation: null }, 'backwards', true, /our incarnation key is gone/],

  ['nothing, and no entry yet', { entryAt: false, stream: noStream }, 'continue', false, undefined, unread],
  ['the first entry', { entryAt: false, stream: { lastGeneratedId: '2000-0', entriesAdded: 1 } }, 'continue', false, undefined, unread],
  ['a restart, and no entry yet', { runId: 'run2', entryAt: false, stream: noStream }, 'continue', true, undefined, unread],
  ['FLUSHALL, and no entry yet', { incarnation: null, entryAt: false, stream: noStream, counters: noCounters }, 'backwards', true, /is gone/, unread],
  ['an older snapshot, and no entry yet', { runId: 'run2', entryAt: false, stream: noStream, counters: { run: '8' } }, 'backwards', true, /counter run was 9 and is 8/, unread],
];

test.each(cases.map((one) => [one[0], one] as const))('%s', (_name, one) => {
  const [, shows, verdict, needsPass, incident, at = checkpoint] = one;
  const judgement = judge(at, change(before, shows));
  expect([judgement.verdict, judgement.needsPass]).toEqual([verdict, needsPass]);
  if (incident === undefined) expect(judgement.incident).toBeUndefined();
  else expect(judgement.incident).toMatch(incident);
});

test('a first start, with a checkpoint row or without, begins with a full pass and no alarm', () => {
  const start = { verdict: 'start', needsPass: true };
  expect(judge(undefined, before)).toEqual(start);
  expect(judge({ incarnation: null, entryId: '0-0', seen: null }, before)).toEqual(start);
});

test('facts survive the checkpoint, and what another version wrote there is no fact', () => {
  expect(parseFacts(JSON.parse(JSON.stringify(before)))).toEqual(before);
  for (const kept of [null, undefined, 7, {}, { ...before, counters: [] }, { ...before, stream: null }]) {
    expect(parseFacts(kept)).toBeNull();
  }
});
