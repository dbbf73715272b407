import type { Action } from '../explore';
import { type Apply, type CacheMutants, type CacheState, type Instance, instances, keys } from './state';

const script = 'src/aliases/sink/lua/apply.lua';

/** What Redis does: each step of it is atomic. */
export function redisActions(mutants: CacheMutants): Action<CacheState>[] {
  const next = (state: CacheState, who: Instance) =>
    state.daemons[who]?.wire.find(({ reply }) => reply === undefined);
  const executes = instances.map((who): Action<CacheState> => ({
    name: `Redis executes what ${who} has sent`,
    by: 'us',
    of: script,
    when: (state) => next(state, who) !== undefined,
    run: (state) => {
      const apply = next(state, who);
      if (apply !== undefined) execute(state, apply, mutants);
    },
  }));
  // In any order: more than one connection could do.
  const strays = [0, 1, 2, 3].map((index): Action<CacheState> => ({
    name: `Redis executes what nobody hears of any more (${index + 1})`,
    by: 'a fault',
    of: script,
    when: ({ stray }) => stray.length > index,
    run: (state) => {
      const [apply] = state.stray.splice(index, 1);
      if (apply !== undefined) execute(state, apply, mutants);
      if (apply?.half !== undefined && apply.reply === undefined) state.stray.push(apply);
    },
  }));
  return [...executes, ...strays];
}

/** The script: its first lines are the fence. */
function execute(state: CacheState, apply: Apply, { noFence, positionBeforeData }: CacheMutants): void {
  const { redis } = state;
  const found = redis.checkpoint?.stamp ?? '';
  if (apply.half === undefined) {
    if (found === apply.leave.stamp) apply.reply = 'applied';
    else if (found !== apply.expect && noFence !== true) apply.reply = 'moved';
    if (apply.reply !== undefined) return;
    redis.checkpoint = apply.leave;
    const { changelog, seq } = apply.leave.position;
    if (state.durable !== null && changelog === state.file.id) state.durable = Math.max(state.durable, seq);
    if (positionBeforeData === true) {
      apply.half = true;
      return;
    }
  }
  for (const key of keys) redis.keys[key] = apply.values[key] ?? redis.keys[key];
  apply.reply = 'applied';
}

/** Forgets what no step can bring past the fence any more: its checkpoint is nowhere, and stamps do not come back. */
export function dropHopeless(state: CacheState): void {
  if (state.stray.length === 0) return;
  const sent = [...state.stray, ...instances.flatMap((who) => state.daemons[who]?.wire ?? [])];
  const possible = new Set([
    state.redis.checkpoint?.stamp ?? '',
    state.snapshot?.checkpoint?.stamp ?? '',
    '', // it may be flushed
    ...sent.map(({ leave }) => leave.stamp),
  ]);
  state.stray = state.stray.filter(({ expect, half }) => half === true || possible.has(expect));
}
