import { describeError } from '../foundation/errors';
import type { Log, LogFields } from '../log/log';
import type { PipelineName } from '../config/names';

export interface PassLog {
  readonly log: Log;
  /** The summary of that pipeline's first pass, as the documents print it. Waits for it. */
  readonly summary: (pipeline: PipelineName) => Promise<string>;
}

/** A log for people who watch a demo: the summaries of passes, on request, and what is wrong, at once. */
export function passLog(say: (line: string) => void): PassLog {
  const told = new Map<unknown, string>();
  const waiting = new Map<unknown, (text: string) => void>();
  const info = (_message: string, { event, pipeline, text }: LogFields = {}) => {
    if (event !== 'pass.done' || text === undefined) return;
    told.set(pipeline, text);
    waiting.get(pipeline)?.(text);
  };
  const warn = (message: string, { hint }: LogFields = {}) => {
    say(`  ! ${message}${typeof hint === 'string' ? `\n    → ${hint}` : ''}`);
  };
  return {
    log: {
      debug: () => undefined,
      info,
      warn,
      error: warn,
      failure: (_level, error) => {
        const { message, ...details } = describeError(error);
        warn(message, details);
      },
      close: () => Promise.resolve(),
    },
    summary: (pipeline) => {
      const text = told.get(pipeline);
      return text === undefined
        ? new Promise((resolve) => waiting.set(pipeline, resolve))
        : Promise.resolve(text);
    },
  };
}
