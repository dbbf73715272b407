import { judgeContinuity } from '../../../src/aliases/sink/continuity';
import type { AliasCheckpoint } from '../../../src/aliases/sink/checkpoint';
import type { Changelog } from '../../../src/aliases/source/changelog';
import type { Action } from '../explore';
import {
  type Apply,
  type CacheMutants,
  type CacheScope,
  type CacheState,
  type Checkpoint,
  confirmedBy,
  continues,
  type Daemon,
  freshPass,
  head,
  type Instance,
  keys,
  type Position,
} from './state';

/** Applies on their way at once: `depth` in sink.ts. */
const depth = 2;

type Doing = (state: CacheState, daemon: Daemon) => void;

/** What an instance does between two awaits. Reading SQLite is synchronous, so reading the truth and sending it is one step. */
export function daemonActions(who: Instance, scope: CacheScope, mutants: CacheMutants): Action<CacheState>[] {
  const action = (
    what: string,
    of: string,
    when: (state: CacheState, daemon: Daemon) => boolean,
    run: Doing,
    atOnce: (state: CacheState) => boolean = () => false,
  ): Action<CacheState> => ({
    name: `${who} ${what}`,
    by: 'us' as const,
    of,
    when: (state: CacheState) => {
      const daemon = state.daemons[who];
      return daemon !== null && when(state, daemon);
    },
    run: (state: CacheState) => {
      const daemon = state.daemons[who];
      if (daemon !== null) run(state, daemon);
    },
    atOnce,
  });
  const prunable = ({ expected, confirmed }: Daemon) =>
    mutants.trimBeforeCommit === true ? expected && confirmedBy(expected) : confirmed;
  return [
    {
      name: `${who} starts`,
      by: 'us',
      of: 'src/aliases/pipeline.ts', // firstPassAt: startedAt
      when: (state) => state.daemons[who] === null,
      run: (state) => {
        state.daemons[who] = { expected: null, confirmed: null, wire: [], pass: freshPass() };
      },
    },
    action(
      'reads the checkpoint',
      'src/aliases/sink/follower.ts',
      // If it is ours, nothing comes of it: left out.
      ({ redis }, { expected, wire, found }) =>
        found === undefined &&
        wire.length === 0 &&
        (expected === null || expected.stamp !== redis.checkpoint?.stamp),
      ({ redis }, daemon) => {
        daemon.found = { checkpoint: redis.checkpoint };
      },
    ),
    action(
      'judges it',
      'src/aliases/sink/follower.ts',
      (_state, { found }) => found !== undefined,
      judge(mutants),
    ),
    action(
      'hears of an apply',
      'src/aliases/sink/sink.ts',
      (_state, { wire }) => wire[0]?.reply !== undefined,
      (_state, daemon) => {
        const apply = daemon.wire.shift();
        if (apply?.reply === 'moved') daemon.expected = null;
        if (apply?.reply !== 'applied') return;
        daemon.confirmed = confirmedBy(apply.leave);
        if (apply.adopts === true) restartPass(daemon);
        else if (apply.ofPass === true && daemon.pass !== null) daemon.pass.different = [];
      },
      ({ left }) => left.faults === 0, // it cannot be lost any more
    ),
    action(
      'finds that the changelog does not go on',
      'src/aliases/stages/tail.ts',
      ({ file }, daemon) =>
        maySend(daemon) && daemon.expected !== null && !continues(file, daemon.expected.position),
      (_state, daemon) => {
        daemon.expected = null;
      },
    ),
    action(
      'reads the next row of the changelog, and the truth, and sends it',
      'src/aliases/stages/tail.ts',
      ({ file }, daemon) =>
        maySend(daemon) &&
        daemon.expected !== null &&
        continues(file, daemon.expected.position) &&
        hasNext(file, daemon),
      (state, daemon) => {
        const row = state.file.log.find(({ seq }) => seq > (daemon.expected?.position.seq ?? 0));
        if (row === undefined) return;
        const position = { changelog: state.file.id, seq: row.seq, nonce: `${row.nonce}` };
        send(state, daemon, { position, values: { [row.key]: state.file.truth[row.key] } }, mutants);
      },
    ),
    action(
      'compares all keys for its pass',
      'src/aliases/pass/comparison.ts',
      // Over the same connection: after what was sent before.
      (_state, daemon) =>
        maySend(daemon) &&
        daemon.pass?.different === null &&
        daemon.wire.every(({ reply }) => reply !== undefined),
      ({ file, redis }, { pass }) => {
        if (pass !== null) pass.different = keys.filter((key) => redis.keys[key] !== file.truth[key]);
      },
    ),
    action(
      'reads the truth of what differs, and sends it',
      'src/aliases/pass/chunked-apply.ts',
      (_state, daemon) =>
        maySend(daemon) &&
        (daemon.pass?.different?.length ?? 0) > 0 &&
        !daemon.wire.some(({ ofPass }) => ofPass),
      (state, daemon) => {
        const named = daemon.pass?.different ?? [];
        const values = Object.fromEntries(named.map((key) => [key, state.file.truth[key]]));
        send(state, daemon, { values, ofPass: true }, mutants);
      },
    ),
    action(
      'is through with its pass',
      'src/aliases/pass/full-pass.ts',
      (_state, { pass }) => pass?.different?.length === 0,
      (_state, daemon) => {
        daemon.pass = null;
      },
      () => true,
    ),
    action(
      'prunes the changelog',
      'src/aliases/source/housekeeping.ts', // there a day later
      ({ file }, daemon) => {
        const consumed = prunable(daemon);
        return (
          scope.prunes === true &&
          consumed?.changelog === file.id &&
          file.log.some(({ seq }) => seq < consumed.seq)
        );
      },
      ({ file }, daemon) => {
        const consumed = prunable(daemon)?.seq ?? 0;
        file.log = file.log.filter(({ seq }) => seq >= consumed);
      },
    ),
    action(
      'installs lost triggers again',
      'src/aliases/source/source-keeper.ts',
      ({ file }) => !file.captured,
      (state, daemon) => {
        state.file.captured = true;
        if (mutants.mendedLogKeepsItsId !== true) state.file.id = `log.${++state.clock}`;
        restartPass(daemon);
      },
    ),
  ];
}

/** Neither finding out where it is, nor with two applies on their way. */
const maySend = ({ expected, found, wire }: Daemon): boolean =>
  expected !== null &&
  found === undefined &&
  wire.length < depth &&
  !wire.some(({ adopts }) => adopts === true);

const hasNext = ({ log }: CacheState['file'], { expected }: Daemon): boolean =>
  log.some(({ seq }) => seq > (expected?.position.seq ?? 0));

/** PassRunner.restart: what an earlier pass has sent counts for none. */
export function restartPass(daemon: Daemon): void {
  daemon.pass = freshPass();
  daemon.wire = daemon.wire.map((apply) => ({ ...apply, ofPass: undefined }));
}

/** AliasSink.send: each apply expects the checkpoint of the one before. */
function send(
  state: CacheState,
  daemon: Daemon,
  more: Pick<Apply, 'values' | 'ofPass'> & { position?: Position },
  mutants: CacheMutants,
): void {
  const before = daemon.expected;
  if (before === null) return;
  const { position = before.position, ...rest } = more;
  const stays = mutants.stampOfPosition === true && more.position === undefined;
  const stamp = stays ? before.stamp : `s${++state.names}`;
  daemon.expected = { ...before, stamp, applies: before.applies + 1, position };
  daemon.wire.push({ expect: before.stamp, leave: daemon.expected, ...rest });
}

/** AliasFollower.look, after the reply: with the real judgement. */
const judge =
  (mutants: CacheMutants): Doing =>
  (state, daemon) => {
    const { file } = state;
    const { expected, confirmed } = daemon;
    const checkpoint = daemon.found?.checkpoint ?? null;
    daemon.found = undefined;
    if (expected !== null && expected.stamp === checkpoint?.stamp) return;
    const judgement = judgeContinuity(
      checkpoint?.stamp ?? '',
      checkpoint === null ? undefined : asReal(checkpoint),
      {
        id: file.id,
        continues: (position: Position) => continues(file, position),
      } as Partial<Changelog> as Changelog,
      confirmed === null
        ? undefined
        : { ...confirmed, ...(mutants.appliesNotCounted === true ? { applies: 0 } : {}) },
      { hash: '', since: 0 },
    );
    const renews = judgement.action === 'renew' && mutants.passDebtInMemory !== true;
    if (checkpoint !== null && judgement.action !== 'adopt' && !renews) {
      daemon.expected = checkpoint;
      daemon.confirmed = confirmedBy(checkpoint);
      if (judgement.needsPass) restartPass(daemon);
      return;
    }
    const position = renews && checkpoint !== null ? checkpoint.position : head(file);
    // Mutant: what is left tells nobody that anything has happened.
    const [incarnation, before] =
      mutants.passDebtInMemory === true && confirmed !== null
        ? [confirmed.incarnation, confirmed.applies]
        : [`i${++state.names}`, checkpoint?.applies ?? 0];
    const stamp = `s${++state.names}`;
    daemon.expected = { incarnation, stamp, applies: before + 1, position, base: position.seq };
    daemon.wire.push({ expect: checkpoint?.stamp ?? '', leave: daemon.expected, values: {}, adopts: true });
  };

const asReal = ({ incarnation, stamp, applies, position }: Checkpoint): AliasCheckpoint => ({
  ...{ incarnation, stamp, applies, position },
  ...{ at: 0, by: '' },
});
