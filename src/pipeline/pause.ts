import { hostname, userInfo } from 'node:os';
import { fatal, type MillraceError } from '../foundation/errors';
import type { Log } from '../log/log';
import type { Tell } from './event';
import type { PipelineName } from '../config/names';

/**
 * A pause: an operator has stopped the applying of changes, while capture goes on. Kept in the target store, so that it holds for every
 * instance and outlives restarts.
 */
export interface Pause {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** user@host, or whatever else asked for it: for people. */
  readonly by: string;
}

/** Where a pause is kept: in the pipeline's target, beside its checkpoint. Every method throws explained errors. */
export interface PauseStore {
  readonly read: () => Promise<Pause | undefined>;
  /** Pauses the pipeline. A pause that is there already stays, for it says since when. */
  readonly pause: (by: string) => Promise<void>;
  readonly resume: () => Promise<void>;
}

/** Whether a pipeline is paused, as last looked at. */
export class PauseState {
  readonly #pipeline: PipelineName;
  readonly #log: Log;
  readonly #tell: Tell;
  current: Pause | undefined;

  constructor(pipeline: PipelineName, log: Log, tell: Tell) {
    this.#pipeline = pipeline;
    this.#log = log;
    this.#tell = tell;
  }

  note(found: Pause | undefined): void {
    const before = this.current;
    this.current = found;
    const pipeline = this.#pipeline;
    if (before === undefined && found !== undefined) {
      this.#log.warn(`${pipeline}: paused by ${found.by}`, { event: 'paused', pipeline });
      this.#tell({ type: 'paused', by: found.by });
    } else if (before !== undefined && found === undefined) {
      this.#log.info(`${pipeline}: resumed`, { event: 'resumed', pipeline });
      this.#tell({ type: 'resumed' });
    }
  }
}

/** A pause that lasts longer than this was probably forgotten. */
const forgottenMs = 3_600_000;

export function pauseTroubles(
  { at, by }: Pause,
  pipeline: PipelineName,
  now = Date.now(),
): readonly string[] {
  const ms = now - at;
  if (ms < forgottenMs) return [];
  const hours = Math.floor(ms / forgottenMs);
  return [`${pipeline}: paused for ${hours} h by ${by}: millrace resume --only ${pipeline}`];
}

/** The error of whoever may not write while a pipeline is paused. */
export const pausedError = (pipeline: PipelineName, { at, by }: Pause): MillraceError =>
  fatal(`${pipeline} is paused since ${new Date(at).toISOString()} by ${by}`, {
    code: 'E_PAUSED',
    hint: `\`millrace resume --only ${pipeline}\` lets it go on.`,
  });

/** @throws E_PAUSED while the pipeline is paused */
export async function refusePaused(pipeline: PipelineName, store: PauseStore): Promise<void> {
  const paused = await store.read();
  if (paused !== undefined) throw pausedError(pipeline, paused);
}

/** user@host of this process, for people. */
export function whoAmI(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return hostname(); // in a container the user may have no name
  }
}
