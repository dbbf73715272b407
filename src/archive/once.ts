import { setTimeout as delay } from 'node:timers/promises';
import { interval, merge, Subject } from 'rxjs';
import { type ArchiveRecords, type Config, requirePostgres } from '../config/load';
import type { Log } from '../log/log';
import { createMetrics } from '../metrics/metrics';
import { untold } from '../pipeline/event';
import { type OnceOptions, runForOnePass } from '../pipeline/one-pass';
import { refusePaused } from '../pipeline/pause';
import { askForPass } from './ask-for-pass';
import { beforeAll, compareEntryIds } from './stream/entry-id';
import { type ArchiveLane, archiveLane } from './lane';
import { type ArchivePassReport, archivePassSummary } from './pass/report';
import { archivePauseStore } from './position/pause-store';
import { lastEntryId } from './tail/stream-tail';

const pollMs = 200;

/**
 * Makes a full pass and applies everything the stream holds. If a daemon owns the stream, it is asked for the pass instead. The first
 * failure ends it. @throws E_STOPPED when the signal aborts
 */
export async function archiveOnce(
  config: ArchiveRecords & Pick<Config, 'postgres' | 'onDelete'>,
  log: Log,
  options: OnceOptions = {},
): Promise<ArchivePassReport> {
  const wake$ = new Subject<void>();
  const lane = archiveLane({
    redis: config.redis,
    postgres: requirePostgres(config),
    catalogue: config.catalogue,
    strategies: config.onConflict,
    onDelete: config.onDelete,
    ...{ log, metrics: createMetrics(), tell: untold },
    onWake: () => {
      wake$.next();
    },
  });
  const { turns, passes, cut, close } = lane;
  return runForOnePass({
    ...options,
    ...{ pipeline: 'archive', turns, passes, cut, close },
    wake$: merge(wake$, interval(pollMs)),
    until: async (ended, stop) => {
      const report = passes.request('asked for');
      await Promise.race([ended, refusePaused('archive', archivePauseStore(lane.postgres))]);
      const finished = await Promise.race([ended, report, askOwner(lane, log, stop)]);
      await Promise.race([ended, drained(lane, stop)]);
      return finished;
    },
  });
}

/** Waits until everything that is in the stream by now has been applied, by this instance or another. */
async function drained(lane: ArchiveLane, signal: AbortSignal): Promise<void> {
  const last = await lastEntryId(lane.redis);
  while (!signal.aborted) {
    const { owned, position: ours } = lane.state();
    const position = owned ? ours?.entryId : (await lane.checkpoint.stored()).entryId;
    if (compareEntryIds(position ?? beforeAll, last) >= 0) return;
    if (!owned) await refusePaused('archive', archivePauseStore(lane.postgres)); // as the owner, the lane looks for a pause itself
    await delay(pollMs);
  }
}

/** The report of the owner's pass, if another instance owns the stream; never settles otherwise. */
async function askOwner(lane: ArchiveLane, log: Log, signal: AbortSignal): Promise<ArchivePassReport> {
  const isOwner = () => lane.state().owned;
  while (lane.state().owner === undefined || isOwner()) {
    if (signal.aborted) return new Promise(() => undefined);
    await delay(pollMs, undefined, { signal }).catch(() => undefined);
  }
  const report = await askForPass(lane, signal);
  // The owner has died and this process has taken over: it makes the pass itself, and reports it elsewhere.
  if (isOwner()) return new Promise(() => undefined);
  const text = archivePassSummary(report);
  log.info('pass complete, by the daemon', { event: 'pass.done', pipeline: 'archive', text });
  return report;
}
