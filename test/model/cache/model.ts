import { type Action, type Model, namedAnew } from '../explore';
import { daemonActions } from './daemon';
import { faultActions, writerActions } from './others';
import { dropHopeless, redisActions } from './redis';
import {
  type CacheMutants,
  type CacheScope,
  type CacheState,
  continues,
  head,
  initialState,
  instances,
  keys,
} from './state';

/** The pipeline from SQLite to Redis, see docs/02-architecture.md ("Aliases"). */
export function cacheModel(scope: CacheScope, mutants: CacheMutants = {}): Model<CacheState> {
  const ours = instances.slice(0, scope.instances).flatMap((who) => daemonActions(who, scope, mutants));
  const actions = [
    ...ours,
    ...redisActions(mutants),
    ...writerActions(scope, mutants),
    ...faultActions(scope),
  ];
  const cleaned = (action: Action<CacheState>): Action<CacheState> => ({
    ...action,
    run: (state) => {
      action.run(state);
      if (mutants.noFence !== true) dropHopeless(state);
    },
  });
  return {
    initial: initialState(scope),
    actions: actions.map(cleaned),
    wrong: (before, action, after) =>
      goesBack(before, action, after) ??
      aheadOfData(after) ??
      trimsTooMuch(before, after) ??
      outOfStep(after),
    settled: isSettled,
    key: (state) => namedAnew(ranked(JSON.stringify(Object.values({ ...state, names: 0 })))),
  };
}

/** Of the numbers of applies only which is greater counts. */
function ranked(text: string): string {
  const pattern = /"applies":(\d+)/g;
  const all = [...new Set([...text.matchAll(pattern)].map(([, count]) => Number(count)))].sort(
    (a, b) => a - b,
  );
  return text.replace(pattern, (_all, count: string) => `"applies":${all.indexOf(Number(count))}`);
}

/** I3: no key goes back to an older value, but by the fault that takes Redis back. */
function goesBack(
  before: CacheState,
  { by, name }: Action<CacheState>,
  after: CacheState,
): string | undefined {
  if (after.durable === null) return undefined; // the file was restored: what is older is not told by numbers any more
  if (by === 'a fault' && !name.startsWith('Redis executes')) return undefined;
  const back = keys.find((key) => after.redis.keys[key] < before.redis.keys[key]);
  return back && `I3: ${back} goes back to an older value`;
}

/** I7: what the changelog has up to the checkpoint, from where its incarnation began, is in Redis. */
function aheadOfData({ file, redis: { checkpoint, keys: values } }: CacheState): string | undefined {
  if (checkpoint === null || !continues(file, checkpoint.position)) return undefined;
  const { base, position } = checkpoint;
  const missing = file.log.find(
    ({ seq, nonce, key }) => seq > base && seq <= position.seq && values[key] < nonce,
  );
  return missing && `I7: the checkpoint is at ${position.seq}, and change ${missing.seq} is not in Redis`;
}

/** I7 for the log: nothing is pruned that Redis has not got. */
function trimsTooMuch(before: CacheState, { file, durable }: CacheState): string | undefined {
  if (durable === null) return undefined;
  const kept = new Set(file.log.map(({ seq }) => seq));
  const gone = before.file.log.find(({ seq }) => !kept.has(seq) && seq >= durable);
  return gone && `I7: change ${gone.seq} is pruned, and Redis was never further than ${durable}`;
}

/** I1: where nothing is left to do, every committed change is reflected. No pass of the interval has helped. */
function outOfStep(state: CacheState): string | undefined {
  if (!isSettled(state)) return undefined;
  const wrong = keys.find((key) => state.redis.keys[key] !== state.file.truth[key]);
  return wrong && `I1: all is done, and ${wrong} is not what the file says`;
}

function isSettled({ file, redis, daemons }: CacheState): boolean {
  const up = instances.map((who) => daemons[who]).filter((daemon) => daemon !== null);
  if (up.length === 0 || !file.captured) return false;
  return up.every(
    ({ expected, found, wire, pass }) =>
      pass === null &&
      found === undefined &&
      wire.length === 0 &&
      expected !== null &&
      expected.stamp === redis.checkpoint?.stamp &&
      continues(file, expected.position) &&
      expected.position.seq === head(file).seq,
  );
}
