/** Whose step it is. Faults and writers may come at any time; what is ours has to make good whatever they left. */
export type By = 'us' | 'a writer' | 'a fault';

/** One thing that can happen, all at once: between two of them anything else may. */
export interface Action<State> {
  /** For people, in the trace. */
  readonly name: string;
  readonly by: By;
  /** The file whose step it is in the real program, from the root; of faults and writers, nothing. */
  readonly of?: string;
  readonly when: (state: State) => boolean;
  /** Whether it may as well come at once: it touches what is this instance's alone, and nothing can come in between that would matter. */
  readonly atOnce?: (state: State) => boolean;
  /** Changes the state, which is a copy. */
  readonly run: (state: State) => void;
}

/** A protocol: plain data, what can happen to it, and what must never be. */
export interface Model<State> {
  readonly initial: State;
  readonly actions: readonly Action<State>[];
  /** What is wrong after a step, beginning with the name of the invariant; undefined: nothing. */
  readonly wrong: (before: State, action: Action<State>, after: State) => string | undefined;
  /** Whether nothing is left to do: then everything has to be in step. */
  readonly settled: (state: State) => boolean;
  /** The state as text; the same for states that differ in names alone. */
  readonly key: (state: State) => string;
}

/** What was found: how far the exploration went, and the shortest way to something wrong. */
export interface Explored {
  readonly states: number;
  /** Of how many steps the longest of all shortest ways is. */
  readonly depth: number;
  /** The actions that came to pass, by name. */
  readonly happened: ReadonlySet<string>;
  /** Those of ours that a fault came right after, by name. */
  readonly interrupted: ReadonlySet<string>;
  readonly wrong?: { readonly what: string; readonly trace: readonly string[] };
}

/** What is kept of the states that were met, by their number. Themselves they are let go once all that follows from them is known. */
interface Met {
  readonly from: number[];
  readonly by: string[];
  readonly settled: boolean[];
  /** Steps of ours: from which state to which. */
  readonly ours: (readonly [from: number, to: number])[];
}

/**
 * Visits every state that can be reached, the nearest first, so that the first thing that is wrong has a shortest trace. At the end every state
 * must be able to settle by our steps alone: else something would wait for ever (I4).
 * @throws when there are more states than `most`: a model that is not explored to its end proves nothing
 */
export function explore<State>(model: Model<State>, most = 1_000_000): Explored {
  const { initial, actions, key, settled, wrong } = model;
  const met: Met = { from: [-1], by: [''], settled: [settled(initial)], ours: [] };
  const known = new Map([[key(initial), 0]]);
  let frontier: (readonly [index: number, state: State])[] = [[0, initial]];
  const happened = new Set<string>();
  const interrupted = new Set<string>();
  let depth = 0;
  for (; frontier.length > 0; depth++) {
    const next: typeof frontier = [];
    for (const [at, state] of frontier) {
      for (const action of possible(actions, state)) {
        happened.add(action.name);
        const after = copy(state);
        action.run(after);
        const what = wrong(state, action, after);
        if (what !== undefined)
          return {
            states: known.size,
            depth,
            ...{ happened, interrupted },
            wrong: { what, trace: [...wayTo(met, at), action.name] },
          };
        const text = key(after);
        let index = known.get(text);
        if (index === undefined) {
          index = known.size;
          known.set(text, index);
          met.from.push(at);
          met.by.push(action.name);
          met.settled.push(settled(after));
          next.push([index, after]);
          if (known.size > most) throw new Error(`more than ${most} states: a smaller model is wanted`);
        }
        if (action.by !== 'us') continue;
        met.ours.push([at, index]);
        if (!interrupted.has(action.name) && possible(actions, after).some(({ by }) => by === 'a fault'))
          interrupted.add(action.name);
      }
    }
    frontier = next;
  }
  const found = { states: known.size, depth, happened, interrupted };
  const stuck = cannotSettle(met);
  if (stuck < 0) return found;
  return { ...found, wrong: { what: 'I4: from here it never settles', trace: wayTo(met, stuck) } };
}

/** What was found, to be read: the invariant, and how to break it, step by step; '' when nothing does. */
export const told = ({ wrong }: Explored): string =>
  wrong === undefined
    ? ''
    : [wrong.what, ...wrong.trace.map((name, index) => `${index + 1}. ${name}`)].join('\n');

/** The actions to explore from a state: one alone, if there is one that may come at once, for all the others can still come after it. */
function possible<State>(actions: readonly Action<State>[], state: State): readonly Action<State>[] {
  const all = actions.filter(({ when }) => when(state));
  const first = all.find(({ atOnce }) => atOnce?.(state) === true);
  return first === undefined ? all : [first];
}

/** The first state from which no steps of ours lead to one that is settled; -1: there is none. */
function cannotSettle({ settled, ours }: Met): number {
  const leadHere: number[][] = settled.map(() => []);
  for (const [from, to] of ours) leadHere[to]?.push(from);
  const can = [...settled];
  const left = [...can.keys()].filter((index) => can[index]);
  for (let index = left.pop(); index !== undefined; index = left.pop()) {
    for (const from of leadHere[index] ?? []) {
      if (can[from] === true) continue;
      can[from] = true;
      left.push(from);
    }
  }
  return can.indexOf(false);
}

function wayTo({ from, by }: Met, index: number): readonly string[] {
  const trace: string[] = [];
  for (let at = index; at > 0; at = from[at] ?? 0) trace.unshift(by[at] ?? '');
  return trace;
}

/** Of plain data, deeply. (structuredClone takes ten times as long.) */
export function copy<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copy) as T;
  const made: Record<string, unknown> = {};
  for (const name in value) made[name] = copy(value[name]);
  return made as T;
}

/** The same text for states that differ only in what things are called: `s7` or `i3`, a letter and a number, named by the order of their coming. */
export function namedAnew(text: string): string {
  const names = new Map<string, string>();
  return text.replace(/"([a-z])\d+"/g, (name: string, letter: string) => {
    let anew = names.get(name);
    if (anew === undefined) names.set(name, (anew = `"${letter}#${names.size}"`));
    return anew;
  });
}
