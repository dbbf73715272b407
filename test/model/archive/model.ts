import { type Action, type Model, namedAnew } from '../explore';
import { daemonActions, isOdd } from './daemon';
import { faultActions, writerActions } from './others';
import { postgresActions } from './postgres';
import { type ArchiveMutants, type ArchiveScope, type ArchiveState, initialState, instances } from './state';

/** The pipeline from Redis to Postgres, see docs/02-architecture.md ("The archive"). */
export function archiveModel(scope: ArchiveScope, mutants: ArchiveMutants = {}): Model<ArchiveState> {
  const ours = instances.slice(0, scope.instances).flatMap((who) => daemonActions(who, scope, mutants));
  return {
    initial: initialState(scope),
    actions: [...ours, ...postgresActions(mutants), ...writerActions(scope), ...faultActions(scope)],
    wrong: (before, action, after) =>
      goesBack(before, action, after) ??
      twice(after) ??
      aheadOfData(after) ??
      trimsTooMuch(before, action, after) ??
      removesTooMuch(before, action, after) ??
      outOfStep(after),
    settled: isSettled,
    key: (state) => namedAnew(JSON.stringify(Object.values({ ...state, names: 0 }))),
  };
}

const isIn = ({ p, letters }: ArchiveState['postgres'], one: number): boolean =>
  p.includes(one) || letters.includes(one);

/** I3: r's row never goes back to an older value. */
function goesBack(
  before: ArchiveState,
  { by, name }: Action<ArchiveState>,
  after: ArchiveState,
): string | undefined {
  if (after.wentBack.redis || (by === 'a fault' && !name.startsWith('Postgres commits'))) return undefined;
  return after.postgres.r < before.postgres.r ? 'I3: r goes back to an older value' : undefined;
}

/** I2: a record is a row or a letter, and that once. */
function twice({ postgres: { p, letters } }: ArchiveState): string | undefined {
  const all = [...p, ...letters];
  return new Set(all).size < all.length ? 'I2: a record is there twice' : undefined;
}

/** I7: what the stream has up to the position is in Postgres. */
function aheadOfData({ redis, postgres, wentBack }: ArchiveState): string | undefined {
  const { incarnation, entryId } = postgres.position;
  if (redis.incarnation !== incarnation) return undefined;
  const missing = redis.stream.find(({ id, says, number }) => {
    if (id > entryId) return false;
    return says === 'p' ? !isIn(postgres, number) : !wentBack.redis && redis.r > 0 && postgres.r < number;
  });
  return (
    missing && `I7: the position is ${entryId}, and ${missing.says} of entry ${missing.id} is not in Postgres`
  );
}

/** I7 for the log: nothing is trimmed that Postgres has not got. */
function trimsTooMuch(
  before: ArchiveState,
  { by }: Action<ArchiveState>,
  { redis, postgres, wentBack }: ArchiveState,
): string | undefined {
  if (by !== 'us' || wentBack.redis || wentBack.postgres) return undefined;
  const gone = before.redis.stream.filter((entry) => !redis.stream.some(({ id }) => id === entry.id));
  const lost = gone.find(({ says, number }) =>
    says === 'p' ? !isIn(postgres, number) : redis.r > 0 && postgres.r < number,
  );
  return lost && `I7: entry ${lost.id} is trimmed, and Postgres has not got it`;
}

/** I9: what retention removes is equal in Postgres. */
function removesTooMuch(
  before: ArchiveState,
  { by }: Action<ArchiveState>,
  { redis, postgres }: ArchiveState,
): string | undefined {
  if (by !== 'us' || redis.r === before.redis.r || postgres.r === before.redis.r) return undefined;
  return `I9: ${before.redis.r} is removed, and Postgres has ${postgres.r}`;
}

/** I1: where nothing is left to do, every committed change is reflected. No pass of the interval has helped. */
function outOfStep(state: ArchiveState): string | undefined {
  if (!isSettled(state)) return undefined;
  const { redis, postgres, owed } = state;
  if (redis.r > 0 && redis.r !== postgres.r) return 'I1: all is done, and r is not what Redis says';
  if (postgres.r > 0 && postgres.letters.length > 0)
    return 'I1: all is done, and a record is parked whose parent is there';
  const lost = [...owed, ...redis.p].find((one) => !isIn(postgres, one));
  return lost === undefined ? undefined : `I1: all is done, and p ${lost} is lost`;
}

function isSettled({ redis, postgres, daemons }: ArchiveState): boolean {
  const up = instances.map((who) => daemons[who]).filter((daemon) => daemon !== null);
  const owners = up.filter(({ epoch }) => epoch !== null);
  if (owners.length === 0 || owners.some(({ epoch }) => epoch !== postgres.epoch) || postgres.due)
    return false;
  return owners.every(
    ({ position, must, facts, claims, page, apply, pass, letters, retains }) =>
      position !== null &&
      !must &&
      page === null &&
      apply === null &&
      pass === null &&
      facts === undefined &&
      claims === undefined &&
      letters === undefined &&
      retains === undefined &&
      !isOdd(redis, position) &&
      postgres.position.entryId === position.entryId &&
      redis.stream.every(({ id }) => id <= position.entryId),
  );
}
