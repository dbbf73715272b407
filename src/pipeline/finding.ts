import { describeError } from '../foundation/errors';

/** One line of `doctor`. */
export interface Finding {
  readonly level: 'ok' | 'note' | 'problem';
  readonly what: string;
  readonly remedy?: string;
}

export const ok = (what: string): Finding => ({ level: 'ok', what });

/** A failure as a finding. */
export function problem(error: unknown): Finding {
  const { code, message, hint } = describeError(error);
  const what = `${message} (${code})`;
  return hint === undefined ? { level: 'problem', what } : { level: 'problem', what, remedy: hint };
}
