import type { ErrorReport } from '../foundation/errors';
import type { Readings } from '../metrics/gauges';
import { timeOf } from '../foundation/moment';
import { type Incident, storeOf, type StoreName } from './incidents/incident';
import { passAt } from './pass-runner';
import type { LaneState } from './turns';
import type { Pause } from './pause';

/** When a full pass began, and how long it took. */
interface PassTimes {
  readonly startedAt: number;
  readonly ms: number;
}

/** What every pipeline tells of itself; times in milliseconds since 1970. */
export interface Progress<Pass extends PassTimes = PassTimes> {
  /** The failure being retried. */
  readonly failure: ErrorReport | null;
  /** Since when the pipeline has been failing, whether or not cycles succeed in between; null: it is not. */
  readonly failingSince: number | null;
  /** The store that is away, or refuses what we ask. */
  readonly away: StoreName | null;
  readonly lastProgressAt: number;
  /** How long nothing was applied although changes wait; null: not known. */
  readonly checkpointAgeSeconds: number | null;
  readonly lastPass: Pass | null;
  readonly passRunning: boolean;
  /** The mappings that the pass under way is of; null: of all, or there is none. */
  readonly passOf: readonly string[] | null;
  /** When the next full pass is due by the interval. */
  readonly nextPassAt: number;
  /** How many records (or entries) are in the log after the checkpoint; null: not known, or only another instance knows. */
  readonly lagRecords: number | null;
  /** Age of the oldest of them; 0 when none waits. */
  readonly lagSeconds: number | null;
  /** Records written since the start of this process, by the tail and by full passes. */
  readonly applied: number;
  readonly paused: Pause | null;
  readonly incidents: readonly Incident[];
}

/** The progress of a pipeline, from the state of its lane and other facts. */
export const progressOf = <Report extends { readonly startedAt: number; readonly ms: number }>(
  {
    failure,
    failingSince,
    lastProgressAt,
    paused,
    lastPass,
    passRunning,
    passScope,
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
  passOf: passScope === undefined || passScope === 'all' ? null : [...passScope],
  applied,
  paused: paused ?? null,
  incidents,
});

export interface ProgressLimits {
  readonly pipeline: string;
  /** How long a cycle may go without success before that is a fault: longer than any wait that is in order. */
  readonly stalledMs: number;
  readonly intervalSeconds: number;
  readonly now: number;
}

/** When a timer that fires each interval since `startedAt` fires next. */
export const nextTick = (startedAt: number, intervalMs: number, now = Date.now()): number =>
  startedAt + Math.ceil((now - startedAt + 1) / intervalMs) * intervalMs;

/** A full pass may be late by this many intervals. */
const overduePasses = 3;
/** How long the checkpoint may stand still: a batch, or a wait for a lock, may be slow. */
const stillSeconds = 15;

const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;

/** Troubles of a pipeline without progress: a failure being retried, no cycle that succeeds, or cycles that apply nothing. */
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

/** Troubles with full passes: none was ever complete, or one is long overdue. */
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

/** The readings that both pipelines show in /metrics. */
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
