import { type Action, copy } from '../explore';
import { restartPass } from './daemon';
import {
  type CacheFault,
  type CacheMutants,
  type CacheScope,
  type CacheState,
  type Instance,
  instances,
  type Key,
} from './state';

/** What writers do to the file. */
export function writerActions(
  { replaces }: CacheScope,
  { noBeforeTriggers }: CacheMutants,
): Action<CacheState>[] {
  const writes = (name: string, changed: readonly Key[], logged: readonly Key[]): Action<CacheState> => ({
    name,
    by: 'a writer',
    when: ({ left }) => left.writes > 0,
    run: (state) => {
      const { file, left } = state;
      left.writes--;
      const at = ++state.clock;
      for (const key of changed) file.truth[key] = at;
      if (!file.captured) return;
      for (const key of logged) file.log.push({ seq: (file.log.at(-1)?.seq ?? 0) + 1, nonce: at, key });
    },
  });
  const plain = writes('somebody writes a row of a', ['a'], ['a']);
  if (replaces !== true) return [plain];
  // The row that REPLACE takes away is logged by a BEFORE trigger: triggers/victims.sql.
  const logged: Key[] = noBeforeTriggers === true ? ['b'] : ['a', 'b'];
  return [plain, writes('somebody replaces a row of a by one of b', ['a', 'b'], logged)];
}

/** What goes wrong, and what has to be there before it can. */
export function faultActions(scope: CacheScope): Action<CacheState>[] {
  const may = (fault: CacheFault) => scope.may.has(fault);
  const fault = (
    kind: CacheFault,
    name: string,
    when: (state: CacheState) => boolean,
    run: (state: CacheState) => void,
  ): Action<CacheState> => ({
    name,
    by: 'a fault',
    when: (state) => may(kind) && state.left.faults > 0 && when(state),
    run: (state) => {
      state.left.faults--;
      run(state);
    },
  });
  const up = (state: CacheState, who: Instance) => state.daemons[who] !== null;
  return [
    ...instances.flatMap((who) => [
      fault(
        'crash',
        `${who} is killed`,
        (state) => up(state, who),
        (state) => {
          lose(state, who);
          state.daemons[who] = null;
        },
      ),
      fault(
        'cut',
        `the connection of ${who} to Redis is lost, with every reply`,
        (state) => (state.daemons[who]?.wire.length ?? 0) > 0,
        (state) => {
          lose(state, who);
        },
      ),
    ]),
    fault(
      'flush',
      'Redis is flushed',
      ({ redis }) => redis.checkpoint !== null,
      (state) => {
        state.redis = { keys: { a: 0, b: 0 }, checkpoint: null };
      },
    ),
    {
      name: 'Redis saves a snapshot',
      by: 'a writer',
      when: ({ left, snapshot, redis }) =>
        may('redis restored') && left.faults > 0 && snapshot === null && redis.checkpoint !== null,
      run: (state) => {
        state.snapshot = copy(state.redis);
      },
    },
    fault(
      'redis restored',
      'Redis starts again with its snapshot',
      ({ snapshot }) => snapshot !== null,
      (state) => {
        if (state.snapshot !== null) state.redis = state.snapshot;
        state.snapshot = null;
        for (const who of instances) lose(state, who);
        state.stray = []; // sent to a server that is gone
      },
    ),
    {
      name: 'somebody copies the file',
      by: 'a writer',
      when: ({ left, backup }) =>
        (may('file replaced') || may('file restored in place')) && left.faults > 0 && backup === null,
      run: (state) => {
        state.backup = copy(state.file);
      },
    },
    // SourceKeeper compares device and inode before each turn; what the rest of a turn reads of the file before is left out here.
    fault(
      'file replaced',
      'the file is replaced by the copy',
      ({ backup }) => backup !== null,
      (state) => {
        restoreFile(state);
        for (const daemon of Object.values(state.daemons)) if (daemon !== null) restartPass(daemon);
      },
    ),
    fault(
      'file restored in place',
      'the copy is restored into the file',
      ({ backup }) => backup !== null,
      restoreFile,
    ),
    fault(
      'triggers lost',
      'a table is rebuilt, without its triggers',
      ({ file }) => file.captured,
      ({ file }) => {
        file.captured = false;
      },
    ),
  ];
}

/** Nobody hears of what was sent; Redis may still execute it. */
function lose(state: CacheState, who: Instance): void {
  const daemon = state.daemons[who];
  if (daemon === null) return;
  state.stray.push(...daemon.wire.filter(({ reply }) => reply === undefined));
  daemon.wire = [];
  daemon.expected = null;
  daemon.found = undefined;
}

function restoreFile(state: CacheState): void {
  if (state.backup !== null) state.file = state.backup;
  state.backup = null;
  state.durable = null;
}
