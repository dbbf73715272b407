import type { Action } from '../explore';
import { displace, isIdle, mayApply, type Step } from './daemon';
import type { Apply, ArchiveMutants, ArchiveScope, ArchiveState, Daemon, Entry, Redis } from './state';

/** What the owner does: the tail, parked records, the full pass, retention. */
export function ownerActions(
  action: Step,
  scope: ArchiveScope,
  mutants: ArchiveMutants,
): Action<ArchiveState>[] {
  return [
    action(
      'reads the next entries',
      'src/archive/tail/stream-tail.ts',
      ({ redis }, { epoch, position, page }) =>
        epoch !== null && position !== null && page === null && after(redis, position.entryId).length > 0,
      ({ redis }, daemon) => {
        daemon.page = after(redis, daemon.position?.entryId ?? 0);
      },
    ),
    action(
      'looks up what they name, and sends the transaction',
      'src/archive/apply/applier.ts',
      (_state, daemon) => mayApply(daemon) && daemon.page !== null,
      (state, daemon) => {
        const page = daemon.page ?? [];
        const entryId = page.at(-1)?.id ?? 0;
        const r = page.some(({ says }) => says === 'r') ? state.redis.r : undefined;
        const p = page.filter(({ says }) => says === 'p').map(({ number }) => number);
        send(state, daemon, { r, p, entryId });
        if (mutants.trimBeforeCommit === true) trim(state, daemon, entryId);
      },
    ),
    action(
      'hears of its transaction',
      'src/archive/apply/sink.ts',
      (_state, { apply }) => apply?.reply !== undefined,
      hear,
      ({ left }) => left.faults === 0, // it cannot be lost any more
    ),
    action(
      'writes down what was parked',
      'src/archive/letters/dead-letters.ts', // the mutant's; really in the transaction
      (_state, { letters, apply }) => letters !== undefined && apply === null,
      ({ postgres }, daemon) => {
        postgres.letters.push(...(daemon.letters ?? []).filter((one) => !postgres.letters.includes(one)));
        daemon.letters = undefined;
      },
    ),
    action(
      'trims the stream',
      'src/archive/tail/lua/trim-stream.lua',
      ({ redis }, daemon) =>
        isIdle(daemon) &&
        daemon.position !== null &&
        redis.incarnation === daemon.position.incarnation &&
        redis.stream.some(({ id }) => id < (daemon.position?.entryId ?? 0)),
      (state, daemon) => {
        trim(state, daemon, daemon.position?.entryId ?? 0);
      },
    ),
    action(
      'tries parked records again',
      'src/archive/apply/due-letters.ts',
      ({ postgres }, daemon) => mayApply(daemon) && postgres.due,
      (state, daemon) => {
        const { letters } = state.postgres;
        send(state, daemon, { r: undefined, p: [...letters], retried: [...letters] });
      },
    ),
    action(
      'compares Redis with Postgres for its pass',
      'src/archive/pass/full-pass.ts',
      // PassGate: the tail has caught up.
      ({ redis }, daemon) =>
        mayApply(daemon) &&
        daemon.pass?.different === null &&
        after(redis, daemon.position?.entryId ?? 0).length === 0,
      ({ redis, postgres }, daemon) => {
        const p = redis.p.filter((one) => !postgres.p.includes(one));
        daemon.pass = { different: { r: redis.r > 0 && redis.r !== postgres.r, p } };
        if (postgres.letters.length > 0) postgres.due = true; // Parked.callAll
      },
    ),
    action(
      'looks up what differs, and sends the transaction',
      'src/archive/pass/passes.ts',
      (_state, daemon) => mayApply(daemon) && differs(daemon),
      (state, daemon) => {
        const { redis } = state;
        const different = daemon.pass?.different;
        const p = (different?.p ?? []).filter((one) => redis.p.includes(one));
        send(state, daemon, { r: different?.r === true ? redis.r : undefined, p, ofPass: true });
      },
    ),
    action(
      'is through with its pass',
      'src/archive/pass/passes.ts',
      ({ postgres }, daemon) =>
        isIdle(daemon) &&
        daemon.pass !== null &&
        daemon.pass.different !== null &&
        !differs(daemon) &&
        !postgres.due,
      (_state, daemon) => {
        daemon.pass = null;
      },
    ),
    ...(scope.retains === true ? retentionActions(action, mutants) : []),
  ];
}

/** Of r here; really of predictions and metrics, which somebody may write anew as well. */
function retentionActions(action: Step, { noRetentionCheck }: ArchiveMutants): Action<ArchiveState>[] {
  return [
    action(
      'reads an old record, to remove it',
      'src/archive/retention/old-records.ts',
      ({ redis }, daemon) => mayApply(daemon) && daemon.pass === null && redis.r > 0,
      ({ redis }, daemon) => {
        daemon.retains = { r: redis.r, equal: false };
      },
    ),
    action(
      'asks Postgres whether it is equal',
      'src/archive/retention/confirmation.ts',
      (_state, { retains }) => retains?.equal === false,
      ({ postgres }, daemon) => {
        const r = daemon.retains?.r ?? 0;
        daemon.retains = r === postgres.r ? { r, equal: true } : undefined;
      },
    ),
    action(
      'removes what was equal',
      'src/archive/retention/lua/retention-remove-records.lua',
      (_state, { retains }) => retains?.equal === true,
      ({ redis }, daemon) => {
        if (redis.r === daemon.retains?.r || noRetentionCheck === true) redis.r = 0;
        daemon.retains = undefined;
      },
    ),
  ];
}

const after = ({ stream }: Redis, entryId: number): readonly Entry[] =>
  stream.filter(({ id }) => id > entryId);

const differs = ({ pass }: Daemon): boolean =>
  pass !== null && pass.different !== null && (pass.different.r || pass.different.p.length > 0);

/** By MINID, and only in the stream that the position belongs to. */
function trim({ redis }: ArchiveState, { position }: Daemon, upTo: number): void {
  if (redis.incarnation === position?.incarnation) redis.stream = redis.stream.filter(({ id }) => id >= upTo);
}

/** The parent is read with it: read.lua and bring-parents.ts. */
function send(
  { redis }: ArchiveState,
  daemon: Daemon,
  more: Pick<Apply, 'r' | 'p' | 'retried' | 'ofPass'> & { readonly entryId?: number },
): void {
  const { epoch, position } = daemon;
  if (epoch === null || position === null) return;
  daemon.apply = { epoch, expect: position.entryId, entryId: position.entryId, parent: redis.r, ...more };
}

function hear(_state: ArchiveState, daemon: Daemon): void {
  const { apply, position } = daemon;
  daemon.apply = null;
  if (apply?.reply === 'displaced') displace(daemon);
  else if (apply !== null && position !== null) {
    daemon.position = { ...position, entryId: apply.entryId };
    if (daemon.page?.at(-1)?.id === apply.entryId) daemon.page = null;
    if (apply.ofPass === true && daemon.pass !== null) daemon.pass = { different: { r: false, p: [] } };
  }
}
