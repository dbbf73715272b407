import { judge } from '../../../src/archive/position/continuity';
import type { Action } from '../explore';
import { ownerActions } from './owner';
import type { ArchiveMutants, ArchiveScope, ArchiveState, Daemon, Instance, Position, Redis } from './state';
import { factsOf, newDaemon } from './state';

/** Who owns the stream, and whether Redis goes on where Postgres stands: what comes before anything is applied. */
export function daemonActions(
  who: Instance,
  scope: ArchiveScope,
  mutants: ArchiveMutants,
): Action<ArchiveState>[] {
  const action = stepsOf(who);
  return [
    {
      name: `${who} starts`,
      by: 'us',
      of: 'src/archive/lane.ts',
      when: ({ daemons }) => daemons[who] === null,
      run: ({ daemons }) => {
        daemons[who] = newDaemon();
      },
    },
    {
      name: `${who} takes the stream`,
      by: 'us',
      of: 'src/archive/position/sql/claim.sql',
      when: ({ daemons, postgres: { owner } }) =>
        daemons[who]?.epoch === null && (owner === null || owner === who || daemons[owner] === null),
      run: (state) => {
        gain(state, who, mutants);
      },
    },
    {
      name: `${who} takes the stream from an owner that has fallen silent`,
      by: 'a fault',
      of: 'src/archive/position/sql/claim.sql',
      when: ({ daemons, left }) =>
        scope.may.has('silence') && left.faults > 0 && daemons[who]?.epoch === null,
      run: (state) => {
        state.left.faults--;
        gain(state, who, mutants);
      },
    },
    action(
      'finds that another one owns the stream',
      'src/archive/position/sql/renew.sql',
      ({ postgres }, { epoch, apply }) => apply === null && epoch !== null && epoch !== postgres.epoch,
      (_state, daemon) => {
        displace(daemon);
      },
    ),
    action(
      'reads the position again',
      'src/archive/position/checkpoint.ts',
      ({ postgres }, { epoch, apply, position }) =>
        apply === null && position === null && epoch === postgres.epoch,
      ({ postgres }, daemon) => {
        daemon.position = postgres.position;
        daemon.must = true; // stages/follow.ts
        daemon.page = null;
      },
    ),
    action(
      'looks at Redis',
      'src/archive/position/lua/redis-facts.lua',
      // Where nothing has changed nothing comes of it: left out.
      ({ redis }, daemon) =>
        isIdle(daemon) && daemon.position !== null && (daemon.must || isOdd(redis, daemon.position)),
      ({ redis }, daemon) => {
        daemon.facts = factsOf(redis, daemon.position?.entryId ?? 0);
      },
    ),
    action(
      'judges what it has seen',
      'src/archive/position/follower.ts',
      (_state, { facts }) => facts !== undefined,
      follow,
    ),
    action(
      'writes its incarnation to Redis',
      'src/archive/position/follower.ts',
      (_state, { claims }) => claims !== undefined,
      ({ redis }, daemon) => {
        redis.incarnation = daemon.claims ?? null;
        daemon.claims = undefined;
      },
    ),
    ...ownerActions(action, scope, mutants),
  ];
}

export type Step = (
  what: string,
  of: string,
  when: (state: ArchiveState, daemon: Daemon) => boolean,
  run: (state: ArchiveState, daemon: Daemon) => void,
  atOnce?: (state: ArchiveState) => boolean,
) => Action<ArchiveState>;

const stepsOf =
  (who: Instance): Step =>
  (what, of, when, run, atOnce = () => false) => ({
    name: `${who} ${what}`,
    by: 'us',
    of,
    when: (state) => {
      const daemon = state.daemons[who];
      return daemon !== null && when(state, daemon);
    },
    run: (state) => {
      const daemon = state.daemons[who];
      if (daemon !== null) run(state, daemon);
    },
    atOnce,
  });

/** Nothing under way: a lane does one thing after the other. */
export const isIdle = ({ epoch, apply, facts, claims, letters, retains }: Daemon): boolean =>
  epoch !== null &&
  apply === null &&
  facts === undefined &&
  claims === undefined &&
  letters === undefined &&
  retains === undefined;

/** It may apply: it has looked at Redis. */
export const mayApply = (daemon: Daemon): boolean =>
  isIdle(daemon) && daemon.position !== null && !daemon.must;

function gain(state: ArchiveState, who: Instance, mutants: ArchiveMutants): void {
  const { daemons, postgres } = state;
  const daemon = daemons[who];
  if (daemon === null) return;
  postgres.owner = who;
  daemon.epoch = postgres.epoch = mutants.ownersByCount === true ? postgres.epoch + 1 : ++state.clock;
  daemon.position = postgres.position;
  daemon.must = true;
  daemon.page = null;
  // `gained` in lane.ts: it begins with a pass.
  daemon.pass = mutants.passDebtInMemory === true ? daemon.pass : { different: null };
}

export function displace(daemon: Daemon): void {
  daemon.epoch = daemon.position = daemon.page = null;
  daemon.facts = daemon.claims = daemon.letters = daemon.retains = undefined;
}

export const isOdd = (redis: Redis, { incarnation, entryId, seen }: Position): boolean =>
  redis.incarnation !== incarnation ||
  redis.run !== seen?.runId ||
  redis.added < (seen.stream.entriesAdded ?? 0) ||
  (entryId > 0 && !redis.stream.some(({ id }) => id === entryId));

/** ArchiveFollower.look, after the reply, with the real judgement; `begin` and `note` are fenced by the epoch. */
function follow(state: ArchiveState, daemon: Daemon): void {
  const { postgres } = state;
  const { facts, position } = daemon;
  daemon.facts = undefined;
  if (facts === undefined || position === null) return;
  if (daemon.epoch !== postgres.epoch) {
    displace(daemon);
    return;
  }
  const { incarnation, entryId, seen } = position;
  const judgement = judge({ incarnation, entryId: `${entryId}-0`, seen }, facts, true);
  const begins = judgement.verdict === 'backwards' || judgement.verdict === 'start' || incarnation === null;
  const wanted = begins ? `i${++state.names}` : incarnation;
  const from = judgement.verdict === 'continue' ? entryId : 0;
  daemon.position = postgres.position = {
    incarnation: wanted,
    entryId: from,
    seen: { ...facts, incarnation: wanted },
  };
  daemon.must = false;
  if (facts.incarnation !== wanted) daemon.claims = wanted;
  if (judgement.verdict !== 'continue') daemon.page = null;
  if (judgement.needsPass) daemon.pass = { different: null };
}
