import { setMaxListeners } from 'node:events';
import { EMPTY, ignoreElements, lastValueFrom, merge, Subject } from 'rxjs';
import { aliasPipeline, type CacheHandover } from '../aliases/pipeline';
import { stopped } from '../aliases/pass/report';
import { archivePipeline } from '../archive/pipeline';
import { banner } from './banner';
import { type Config, requirePostgres } from '../config/load';
import type { Control, Reports } from '../control/control';
import { LeftBehind } from '../control/left-behind';
import { createMappings } from '../control/mappings';
import { logLeftOut, notRun } from '../config/left-out';
import type { Log } from '../log/log';
import { createMetrics, describeProcess } from '../metrics/metrics';
import type { PipelineEvent } from '../pipeline/event';
import { overallHealth } from '../pipeline/health';
import { stopDeadlineMs } from '../pipeline/one-pass';
import type { Pipeline } from '../pipeline/pipeline';
import type { PipelineName } from '../config/names';
import { startHttp } from '../http/http';
import type { DaemonStatus } from '../control/daemon-status';

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
  /** Called when the pipelines have ended, if it begins anew after the stop. */
  readonly onHandover?: (handover: Handover) => void;
  /** Called when the daemon runs and its HTTP endpoint, if it has one, listens. */
  readonly onRunning?: (httpUrl: string | undefined, control: Control) => void;
}

/** What a daemon leaves to one with other mappings that follows in the same process. */
export interface Handover {
  readonly aliases: CacheHandover | undefined;
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
  const metrics = createMetrics();
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
  const archive = postgres === undefined ? undefined : archivePipeline(parts, postgres);
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
    describeProcess(metrics.registry);
    const server = await startHttp({ ...config.http, catalogue: config.catalogue, metrics, log, control });
    log.info(`dashboard, health and metrics: ${server.url}`, { event: 'http.listening' });
    return server;
  };
  const http = options.http === false ? undefined : await serve();
  onRunning?.(http?.url, control);
  let cutTimer: NodeJS.Timeout | undefined;
  const cut = () => {
    cutTimer = setTimeout(() => {
      aliases?.cut();
      archive?.cut();
    }, stopDeadlineMs).unref();
  };
  signal.addEventListener('abort', cut, { once: true });
  try {
    const everything$ = merge(
      aliases?.running$ ?? EMPTY,
      archive?.running$ ?? EMPTY,
      leftBehind.watch$(signal),
    );
    await lastValueFrom(everything$.pipe(ignoreElements()), { defaultValue: undefined });
    if (options.goesOn?.() === true) options.onHandover?.({ aliases: aliases?.handOver() });
    else log.info('stopped', { event: 'stop', text: stopped });
  } finally {
    signal.removeEventListener('abort', cut);
    over.abort();
    await Promise.all([aliases?.close(), archive?.close()]);
    clearTimeout(cutTimer);
    await http?.close();
    events$.complete();
  }
}
