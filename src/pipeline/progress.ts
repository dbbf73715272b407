import type { ErrorReport } from '../foundation/errors';
import type { Readings } from '../metrics/gauges';
import { timeOf } from '../foundation/moment';
import { type Incident, storeOf, type StoreName } from './incident';
import { passAt } from './pass-runner';
import type { LaneState } from './turns';
import type { Pause } from './pause';

/** When a full pass was. */
interface PassTimes {
  readonly startedAt: number;
  readonly ms: number;
}

/** What every pipeline tells of itself; times in milliseconds since 1970. */
export interface Progress<Pass extends PassTimes = PassTimes> {
  /** The failure being retried. */
  readonly failure: ErrorReport | null;
  /** Since when it has been failing, whether or not cycles succeed in between; null: it is not. */
  readonly failingSince: number | null;
  /** The store that is away, or refuses. */
  readonly away: StoreName | null;
  readonly lastProgressAt: number;
  /** How long the checkpoint has stood still although changes wait; null: not known. */
  readonly checkpointAgeSeconds: number | null;
  readonly lastPass: Pass | null;
  readonly passRunning: boolean;
  /** When the next one is due by the interval. */
  readonly nextPassAt: number;
  /** What is in the log after the checkpoint; null: not known, or another's to tell. */
  readonly lagRecords: number | null;
  /** Age of the oldest of it; 0 when nothing waits. */
  readonly lagSeconds: number | null;
  /** Records written since the start of this process, by the tail and by full passes. */
  readonly applied: number;
  readonly paused: Pause | null;
  readonly incidents: readonly Incident[];
}

/** What of it a lane knows, and what else every pipeline tells. */
export const progressOf = <Report extends { readonly startedAt: number; readonly ms: number }>(
  {
    failure,
    failingSince,
    lastProgressAt,
    paused,
    lastPass,
    passRunning,
    applied,
    incidents,
  }: LaneState<Report>,
  now: number,
) => ({
  failure: failure ?? null,
  failingSince,
  away: failure === undefined ? null : storeOf(failure.code),
  lastProgressAt: timeOf(lastProgressAt, now),
  lastPass: passAt(lastPass, now),
  passRunning,
  applied,
  paused: paused ?? null,
  incidents,
});

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
/** One batch may take a while, and a lock is waited for. */
const stillSeconds = 15;

const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;

/** A failure being retried, no cycle that succeeds, or cycles that apply nothing. Health is progress, not a live process. */
export function stalledTroubles(
  { failure, lastProgressAt, checkpointAgeSeconds }: Progress,
  { pipeline, stalledMs, now }: ProgressLimits,
): readonly string[] {
  if (failure !== null) {
    const { code, message, hint } = failure;
    return [`${pipeline}: ${code}: ${message}${hint === undefined ? '' : `: ${hint}`}`];
  }
  if (now - lastProgressAt > stalledMs) {
    const since = lastProgressAt === 0 ? 'since the start' : `for ${seconds(now - lastProgressAt)}`;
    return [
      `${pipeline}: no progress ${since}: a store does not answer, or holds a lock; \`millrace doctor\``,
    ];
  }
  if (checkpointAgeSeconds === null || checkpointAgeSeconds <= stillSeconds) return [];
  const since = seconds(checkpointAgeSeconds * 1_000);
  return [
    `${pipeline}: changes wait, but the checkpoint has not moved for ${since}: \`millrace doctor\`; a restart is safe`,
  ];
}

/** A full pass that never came to its end, or is long overdue. */
export function passTroubles(
  { lastPass }: Progress,
  { pipeline, intervalSeconds, now }: ProgressLimits,
): readonly string[] {
  if (lastPass === null) return [`${pipeline}: the first full pass is not complete`];
  const age = now - lastPass.startedAt;
  if (age <= overduePasses * intervalSeconds * 1_000 + lastPass.ms) return [];
  return [
    `${pipeline}: the last full pass began ${seconds(age)} ago, and one is due every ${intervalSeconds} s: the log says what keeps it from its end`,
  ];
}

/** What both pipelines show in /metrics. */
export const progressReadings = (status: Progress, intervalSeconds: number): Readings => {
  const { lastPass } = status;
  return {
    lagRecords: status.lagRecords,
    lagSeconds: status.lagRecords === null ? null : status.lagSeconds,
    checkpointAgeSeconds: status.checkpointAgeSeconds,
    paused: Number(status.paused !== null),
    passSeconds: lastPass && lastPass.ms / 1_000,
    passFinishedAt: lastPass && (lastPass.startedAt + lastPass.ms) / 1_000,
    passRunning: Number(status.passRunning),
    passIntervalSeconds: intervalSeconds,
    nextPassAt: status.nextPassAt / 1_000,
  };
};
