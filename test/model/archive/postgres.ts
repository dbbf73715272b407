import type { Action } from '../explore';
import { type Apply, type ArchiveMutants, type ArchiveState, type Instance, instances } from './state';

/** What Postgres does. A transaction is one step: from its fence to its commit the row of the checkpoint is locked. */
export function postgresActions(mutants: ArchiveMutants): Action<ArchiveState>[] {
  const commits = instances.map((who): Action<ArchiveState> => ({
    name: `Postgres commits what ${who} has sent`,
    by: 'us',
    of: 'src/archive/apply/sink.ts',
    when: ({ daemons }) => {
      const apply = daemons[who]?.apply;
      return apply != null && apply.reply === undefined;
    },
    run: (state) => {
      const apply = state.daemons[who]?.apply;
      if (apply != null) commit(state, apply, mutants, who);
    },
  }));
  const stray: Action<ArchiveState> = {
    name: 'Postgres commits what nobody hears of any more',
    by: 'a fault',
    of: 'src/archive/apply/sink.ts',
    when: (state) => state.stray.length > 0,
    run: (state) => {
      const apply = state.stray.shift();
      if (apply !== undefined) commit(state, apply, mutants);
      if (apply?.half === true && apply.reply === undefined) state.stray.push(apply);
    },
  };
  return [...commits, stray];
}

/** fence.sql, rows, letters and position. */
function commit(
  { postgres, daemons }: ArchiveState,
  apply: Apply,
  mutants: ArchiveMutants,
  who?: Instance,
): void {
  if (apply.half === undefined) {
    const { epoch, position } = postgres;
    const fenced = apply.epoch === epoch && apply.expect === position.entryId;
    if (!fenced && mutants.noFence !== true) {
      apply.reply = 'displaced';
      return;
    }
    postgres.position = { ...position, entryId: apply.entryId };
    if (mutants.positionBeforeData === true) {
      apply.half = true;
      return;
    }
  }
  apply.reply = 'committed';
  // write-mapped.ts: what is gone from Redis keeps its row.
  if (apply.r !== undefined && apply.r > 0) land(postgres, apply.r, mutants);
  // bring-parents.ts
  if (apply.p.length > 0 && postgres.r === 0 && apply.parent > 0) land(postgres, apply.parent, mutants);
  const retried = apply.retried ?? [];
  const orphans = postgres.r === 0 ? apply.p : [];
  const fit = postgres.r === 0 ? [] : apply.p;
  postgres.letters = postgres.letters.filter((one) => !fit.includes(one));
  // By identity: what is there already is not there twice.
  for (const one of fit) if (!postgres.p.includes(one) || mutants.alwaysDirect === true) postgres.p.push(one);
  const parked = orphans.filter((one) => !postgres.letters.includes(one));
  if (retried.length > 0 || postgres.letters.length === 0) postgres.due = false;
  const daemon = who === undefined ? null : daemons[who];
  if (mutants.lettersOutside !== true) postgres.letters.push(...parked);
  else if (daemon !== null && parked.length > 0) daemon.letters = [...parked];
}

/** r is written: what waits for it is to be tried again (`release` in dead-letters.ts). */
function land(postgres: ArchiveState['postgres'], r: number, { lettersStay }: ArchiveMutants): void {
  postgres.r = r;
  if (postgres.letters.length > 0 && lettersStay !== true) postgres.due = true;
}
