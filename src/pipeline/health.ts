import type { Progress } from './progress';

/**
 * How a pipeline is. `bad`: `/readyz` fails because of it; `warn`: in order, but something is kept aside that needs a person; `busy` and
 * `idle` end by themselves.
 */
export type HealthLevel = 'ok' | 'busy' | 'idle' | 'warn' | 'paused' | 'bad';

export interface Health {
  readonly level: HealthLevel;
  /** How the pipeline is, in a few words. */
  readonly says: string;
  /** How many records are parked, or rows cannot be served. */
  readonly parked: number;
}

export interface HealthFacts {
  readonly status: Pick<Progress, 'failure' | 'paused' | 'lastPass' | 'lagSeconds'>;
  readonly troubles: readonly string[];
  readonly parked: number;
  /** The word for these: `3 parked`. */
  readonly parkedWord: string;
  /** A state that only this pipeline has: standing by, starting, without triggers. */
  readonly otherwise?: { readonly level: 'busy' | 'idle'; readonly says: string } | undefined;
}

/** A pipeline that is behind by no more than this counts as in step. */
const behindSeconds = 2;

/** The one rule by which dashboard, `status` and `doctor` show a pipeline's health. Pure. */
export function healthOf(facts: HealthFacts): Health {
  const { parked } = facts;
  const { level, says } = judged(facts);
  return { level, says, parked };
}

function judged({ status, troubles, parked, parkedWord, otherwise }: HealthFacts): Omit<Health, 'parked'> {
  const { failure, paused, lastPass, lagSeconds } = status;
  if (failure !== null) return { level: 'bad', says: 'Failing, trying again' };
  if (paused !== null) return { level: troubles.length > 0 ? 'bad' : 'paused', says: 'Paused' };
  if (otherwise?.level === 'idle' && troubles.length === 0) return otherwise;
  // Before the first pass is complete, that alone is a trouble, which ends by itself.
  if (lastPass === null && troubles.length <= 1) return { level: 'busy', says: 'First full pass' };
  if (troubles.length > 0) return { level: 'bad', says: 'Not in order' };
  const behind = (lagSeconds ?? 0) > behindSeconds;
  const says = behind ? 'Catching up' : 'In step';
  if (parked > 0) return { level: 'warn', says: `${says}, ${parked.toLocaleString('en')} ${parkedWord}` };
  if (behind) return { level: 'busy', says };
  return otherwise ?? { level: 'ok', says };
}

/** The health of all pipelines that run, together. Pure. */
export function overallHealth(troubles: readonly string[], each: readonly Health[]): Health {
  const parked = each.reduce((sum, one) => sum + one.parked, 0);
  // A store that is away is a trouble of both pipelines, but counts once.
  const count = new Set(troubles.map((trouble) => trouble.replace(/^\w+: /, ''))).size;
  if (count > 0) return { level: 'bad', says: `${count} ${count === 1 ? 'trouble' : 'troubles'}`, parked };
  if (each.some(({ level }) => level === 'paused')) return { level: 'paused', says: 'Paused', parked };
  const kept = each.filter(({ level }) => level === 'warn').map(({ says }) => says.replace(/^.*, /, ''));
  if (kept.length > 0) return { level: 'warn', says: `In order, ${kept.join(', ')}`, parked };
  return { level: 'ok', says: 'In order', parked };
}

/** The words of a health for the middle of a line. */
export const lowered = ({ says }: Health): string => says.charAt(0).toLowerCase() + says.slice(1);
