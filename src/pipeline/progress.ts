import type { ErrorReport } from '../errors';

/** What every pipeline tells of itself; times in milliseconds since 1970. */
export interface Progress {
  /** The failure being retried. */
  readonly failure: ErrorReport | null;
  readonly lastProgressAt: number;
  readonly lastPass: { readonly startedAt: number; readonly ms: number } | null;
}

export interface ProgressLimits {
  readonly pipeline: string;
  /** Longer without progress than any wait of the pipeline is a fault, whatever the reason. */
  readonly stalledMs: number;
  readonly intervalSeconds: number;
  readonly now: number;
}

/** When a timer that fires each interval since `startedAt` fires next. */
export const nextTick = (startedAt: number, intervalMs: number, now = Date.now()): number =>
  startedAt + Math.ceil((now - startedAt + 1) / intervalMs) * intervalMs;

/** A pass may take its time, but not for ever. */
const overduePasses = 3;

const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;

/** A failure being retried, or no progress at all. Health is progress, not a live process. */
export function stalledTroubles(
  { failure, lastProgressAt }: Progress,
  { pipeline, stalledMs, now }: ProgressLimits,
): readonly string[] {
  if (failure !== null) return [`${failure.code}: ${failure.message}`];
  if (now - lastProgressAt <= stalledMs) return [];
  const since = lastProgressAt === 0 ? 'since the start' : `for ${seconds(now - lastProgressAt)}`;
  return [`${pipeline}: no progress ${since}`];
}

/** A full pass that never came to its end, or is long overdue. */
export function passTroubles(
  { lastPass }: Progress,
  { pipeline, intervalSeconds, now }: ProgressLimits,
): readonly string[] {
  if (lastPass === null) return [`${pipeline}: the first full pass is not complete`];
  const age = now - lastPass.startedAt;
  if (age <= overduePasses * intervalSeconds * 1_000 + lastPass.ms) return [];
  return [`${pipeline}: the last full pass began ${seconds(age)} ago`];
}
