import { type Action, copy } from '../explore';
import {
  type ArchiveFault,
  type ArchiveScope,
  type ArchiveState,
  type Entry,
  type Instance,
  instances,
} from './state';

/** What writers do to Redis: by our functions, so that each write and its entry are one step. (What the mirror hears are such entries, a moment later.) */
export function writerActions({ unlinks }: ArchiveScope): Action<ArchiveState>[] {
  const writes = (
    name: string,
    run: (state: ArchiveState, at: number) => Entry['says'],
  ): Action<ArchiveState> => ({
    name,
    by: 'a writer',
    when: ({ left }) => left.writes > 0,
    run: (state) => {
      const { redis } = state;
      state.left.writes--;
      const at = ++state.clock;
      redis.stream.push({ id: at, says: run(state, at), number: at });
      redis.lastId = at;
      redis.added++;
      redis.counter++;
    },
  });
  return [
    writes('somebody writes r', ({ redis }, at) => {
      redis.r = at;
      return 'r';
    }),
    writes(
      unlinks === true ? 'somebody writes a p, and takes it away' : 'somebody writes a p',
      (state, at) => {
        if (unlinks !== true) state.redis.p.push(at);
        state.owed.push(at);
        return 'p';
      },
    ),
  ];
}

export function faultActions(scope: ArchiveScope): Action<ArchiveState>[] {
  const may = (fault: ArchiveFault) => scope.may.has(fault);
  const fault = (
    kind: ArchiveFault,
    name: string,
    when: (state: ArchiveState) => boolean,
    run: (state: ArchiveState) => void,
  ): Action<ArchiveState> => ({
    ...{ name, by: 'a fault' },
    when: (state) => may(kind) && state.left.faults > 0 && when(state),
    run: (state) => {
      state.left.faults--;
      run(state);
    },
  });
  const copies = (
    kind: ArchiveFault,
    of: 'redis' | 'postgres',
    to: 'snapshot' | 'backup',
  ): Action<ArchiveState> => ({
    name: to === 'snapshot' ? 'Redis saves a snapshot' : 'somebody makes a backup of Postgres',
    by: 'a writer',
    when: (state) => may(kind) && state.left.faults > 0 && state[to] === null,
    run: (state) => {
      Object.assign(state, { [to]: copy(state[of]) });
    },
  });
  const all = (state: ArchiveState, run: (who: Instance) => void) => {
    for (const who of instances) if (state.daemons[who] !== null) run(who);
  };
  return [
    ...instances.flatMap((who) => [
      fault(
        'crash',
        `${who} is killed`,
        ({ daemons }) => daemons[who] !== null,
        (state) => {
          loseTransaction(state, who);
          state.daemons[who] = null;
        },
      ),
      fault(
        'cut',
        `the connection of ${who} to Postgres is lost, with every reply`,
        ({ daemons }) => daemons[who]?.apply != null,
        (state) => {
          loseTransaction(state, who);
        },
      ),
    ]),
    fault(
      'flush',
      'Redis is flushed',
      () => true,
      (state) => {
        const { run } = state.redis;
        state.redis = { r: 0, p: [], stream: [], lastId: 0, added: 0, counter: 0, incarnation: null, run };
        forgive(state);
      },
    ),
    copies('redis restored', 'redis', 'snapshot'),
    fault(
      'redis restored',
      'Redis starts again with its snapshot',
      ({ snapshot }) => snapshot !== null,
      (state) => {
        if (state.snapshot !== null) state.redis = { ...state.snapshot, run: `r${++state.names}` };
        state.snapshot = null;
        all(state, (who) => {
          const daemon = state.daemons[who];
          if (daemon === null) return;
          daemon.must = true; // onConnected
          daemon.facts = daemon.retains = undefined;
        });
        state.wentBack.redis = true;
        forgive(state);
      },
    ),
    // Before the first entry is applied there is no witness: then only the pass that begins at the start, or the interval's, finds what is lost.
    fault(
      'stream deleted',
      'somebody deletes the stream',
      ({ redis, postgres }) => redis.stream.length > 0 && postgres.position.entryId > 0,
      (state) => {
        Object.assign(state.redis, { stream: [], lastId: 0, added: 0 });
        forgive(state);
      },
    ),
    copies('postgres restored', 'postgres', 'backup'),
    fault(
      'postgres restored',
      'Postgres is restored from its backup',
      ({ backup }) => backup !== null,
      (state) => {
        if (state.backup !== null) state.postgres = state.backup;
        state.backup = null;
        all(state, (who) => {
          loseTransaction(state, who);
        });
        state.stray = []; // of a server that is gone
        state.postgres.owner = null; // its last sign of life was long ago
        state.wentBack.postgres = true;
        forgive(state);
      },
    ),
  ];
}

/** `forget` in checkpoint.ts; Postgres may still commit. */
function loseTransaction(state: ArchiveState, who: Instance): void {
  const daemon = state.daemons[who];
  if (daemon === null) return;
  if (daemon.apply !== null && daemon.apply.reply === undefined) state.stray.push(daemon.apply);
  daemon.apply = null;
  daemon.position = null;
  daemon.retains = undefined;
}

/** What no store has any more is nobody's fault but the fault's. */
function forgive(state: ArchiveState): void {
  const { redis, postgres } = state;
  const carried = redis.stream.filter(({ says }) => says === 'p').map(({ number }) => number);
  const there = new Set([...redis.p, ...carried, ...postgres.p, ...postgres.letters]);
  state.owed = state.owed.filter((one) => there.has(one));
}
