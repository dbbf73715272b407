import { setMaxListeners } from 'node:events';
import { defer, EMPTY, ignoreElements, lastValueFrom, merge, Subject, takeUntil } from 'rxjs';
import { aliasPipeline, type CacheHandover } from '../aliases/pipeline';
import { stopped } from '../aliases/pass/report';
import type { ArchiveHandover } from '../archive/handover';
import { banner } from './banner';
import { type Config, requirePostgres } from '../config/load';
import type { Control, Reports } from '../control/control';
import { LeftBehind } from '../control/left-behind';
import { createMappings } from '../control/mappings';
import { logLeftOut, notRun } from '../config/left-out';
import type { Log } from '../log/log';
import { createMetrics, describeProcess, type Metrics } from '../metrics/metrics';
import type { PipelineEvent } from '../pipeline/event';
import { overallHealth } from '../pipeline/health';
import { stopDeadlineMs } from '../pipeline/one-pass';
import type { Pipeline } from '../pipeline/pipeline';
import { abort$ } from '../pipeline/pump';
import type { PipelineName } from '../config/names';
import { startHttp } from '../http/http';
import type { DaemonStatus } from '../control/daemon-status';
import { beginArchive, type GoingArchive } from './going-archive';

export interface DaemonOptions {
  readonly config: Config;
  readonly log: Log;
  /** Aborts for a clean stop. */
  readonly signal: AbortSignal;
  /** Whether to serve health, metrics and dashboard over HTTP (true). */
  readonly http?: boolean;
  /** Whether it begins anew after the stop: then it does not say that it was stopped. */
  readonly goesOn?: () => boolean;
  /** What a daemon before this one has left, in this process. */
  readonly before?: Handover | undefined;
  /** Whether the archive goes on without a stop where the daemon begins anew: nothing has changed for it. */
  readonly keepsArchive?: () => boolean;
  /** Called when the pipelines have ended, if it begins anew after the stop. */
  readonly onHandover?: (handover: Handover) => void;
  /** Called when the daemon runs and its HTTP endpoint, if it has one, listens. */
  readonly onRunning?: (httpUrl: string | undefined, control: Control) => void;
}

/** What a daemon leaves to one with other mappings that follows in the same process. */
export interface Handover {
  readonly aliases: CacheHandover | undefined;
  /** It goes on, and counts where it counted. */
  readonly archive: { readonly going: GoingArchive; readonly metrics: Metrics } | undefined;
  /** It does not, for its records are others. */
  readonly left: ArchiveHandover | undefined;
}

function judge<Status, Report>(pipeline: Pipeline<Status, Report>, status: Status) {
  const troubles = pipeline.troubles(status);
  return { troubles, health: pipeline.health(status, troubles) };
}

/** Runs everything until the signal aborts. @throws the fatal error that ended it; everything is closed either way. */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { config, log, onRunning } = options;
  // Aborts when the pipelines have ended, for whatever reason, and with that all requests to them.
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  setMaxListeners(0, signal); // each timer and pump of the pipelines listens to it
  const { pipelines, leftOut } = config;
  const startedAt = Date.now();
  const kept = options.before?.archive;
  const metrics = kept?.metrics ?? createMetrics();
  // What the cache of before counts its rows by; its successor begins anew.
  metrics.gauges('aliases', () => ({}));
  metrics.skipped.reset();
  const events$ = new Subject<PipelineEvent>();
  const parts = {
    config,
    log,
    metrics,
    signal,
    onEvent: (event: PipelineEvent) => {
      events$.next(event);
    },
  };
  const postgres = pipelines.includes('archive') ? requirePostgres(config) : undefined;
  log.info('started', {
    event: 'start',
    pipelines,
    database: config.dbPath,
    redis: config.redis.display,
    postgres: postgres?.display,
    text: banner(config),
  });
  logLeftOut(leftOut, log);
  const aliases = pipelines.includes('aliases') ? aliasPipeline(parts, options.before?.aliases) : undefined;
  const left = options.before?.left;
  const isFollowed = () => options.goesOn?.() === true;
  const going =
    kept?.going ??
    (postgres === undefined ? undefined : beginArchive({ ...parts, before: left, isFollowed }, postgres));
  if (going === undefined) await left?.mirror?.stop();
  const archive = going?.pipeline;
  const told = going?.events$.subscribe(parts.onEvent);
  const leftBehind = new LeftBehind(config, log);
  const status = (): DaemonStatus => {
    const now = { aliases: aliases?.status() ?? null, archive: archive?.status() ?? null };
    const judged = {
      aliases: now.aliases && aliases && judge(aliases, now.aliases),
      archive: now.archive && archive && judge(archive, now.archive),
    };
    const both = [judged.aliases, judged.archive].filter((one) => one != null);
    const troubles = [...both.flatMap((one) => one.troubles), ...leftBehind.troubles];
    const health = {
      overall: overallHealth(
        troubles,
        both.map((one) => one.health),
      ),
      aliases: judged.aliases?.health ?? null,
      archive: judged.archive?.health ?? null,
    };
    return { pid: process.pid, startedAt, ready: troubles.length === 0, troubles, leftOut, health, ...now };
  };
  const running = { aliases, archive };
  const pipelineOf = <P extends PipelineName>(name: P) => {
    const pipeline = running[name];
    if (pipeline !== undefined) return pipeline;
    throw notRun('daemon', name, leftOut);
  };
  const control: Control = {
    status,
    events$,
    pause: async (name, by) => pipelineOf(name).pause(by),
    resume: async (name) => pipelineOf(name).resume(),
    reconcile: async <P extends PipelineName>(name: P) => (await pipelineOf(name).reconcile()) as Reports[P],
    deadLetters: archive?.deadLetters,
    mappings: createMappings({ config, metrics, status, aliases, archive }),
  };
  const serve = async () => {
    if (kept === undefined) describeProcess(metrics.registry);
    const server = await startHttp({ ...config.http, catalogue: config.catalogue, metrics, log, control });
    log.info(`dashboard, health and metrics: ${server.url}`, { event: 'http.listening' });
    return server;
  };
  const http =
    options.http === false
      ? undefined
      : await serve().catch(async (error: unknown) => {
          await going?.close();
          throw error;
        });
  onRunning?.(http?.url, control);
  let cutTimer: NodeJS.Timeout | undefined;
  const stays = new AbortController();
  const stop = () => {
    if (isFollowed() && options.keepsArchive?.() === true) stays.abort();
    else going?.stop();
    cutTimer = setTimeout(() => {
      aliases?.cut();
      if (going?.stopping === true) archive?.cut();
    }, stopDeadlineMs).unref();
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  let handedOver = false;
  try {
    const everything$ = merge(
      aliases?.running$ ?? EMPTY,
      going === undefined ? EMPTY : defer(() => going.run()).pipe(takeUntil(abort$(stays.signal))),
      leftBehind.watch$(signal),
    );
    await lastValueFrom(everything$.pipe(ignoreElements()), { defaultValue: undefined });
    if (isFollowed()) {
      handedOver = going?.stopping === false;
      const staying = going !== undefined && handedOver ? { going, metrics } : undefined;
      options.onHandover?.({
        aliases: aliases?.handOver(),
        archive: staying,
        left: handedOver ? undefined : archive?.handOver(),
      });
    } else log.info('stopped', { event: 'stop', text: stopped });
  } finally {
    signal.removeEventListener('abort', stop);
    over.abort();
    await Promise.all([aliases?.close(), handedOver ? undefined : going?.close()]);
    told?.unsubscribe();
    clearTimeout(cutTimer);
    await http?.close();
    events$.complete();
  }
}
