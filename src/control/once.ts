import { interval } from 'rxjs';
import { aliasLane } from '../aliases/lane';
import type { PassReport } from '../aliases/pass/report';
import { refusePaused } from '../aliases/sink/pause';
import { requireTables } from '../aliases/pass/report';
import { archiveOnce } from '../archive/once';
import { type Config, requirePostgres } from '../config/load';
import { logLeftOut } from '../config/left-out';
import type { Log } from '../log/log';
import { createMetrics } from '../metrics/metrics';
import { untold } from '../pipeline/event';
import type { OnceOptions } from '../pipeline/once-options';
import { runForOnePass } from '../pipeline/one-pass';
import { showProgress } from '../pipeline/show-progress';
import { RedisConnection } from '../connections/redis';

/**
 * One full pass in this process, beside a running daemon or without one. Installs nothing in the SQLite file. The first
 * failure ends it.
 * @param options force: delete even when that is more than half of the keys of a type. @throws E_STOPPED when the signal aborts
 */
export async function passOnce(
  config: Config,
  log: Log,
  { force = false, signal, progress = true }: OnceOptions & { readonly force?: boolean } = {},
): Promise<PassReport> {
  const connection = new RedisConnection(config.redis, 'pass');
  const lane = aliasLane({
    path: config.dbPath,
    mappings: config.aliasTables,
    aliasCase: config.aliasCase,
    install: false,
    force,
    connection,
    log,
    metrics: createMetrics(),
    tell: untold,
  });
  const hideProgress = progress ? showProgress(() => lane.passes.progress) : () => undefined;
  try {
    await refusePaused(connection);
    const report = await runForOnePass({
      pipeline: 'aliases',
      turns: lane.turns,
      wake$: interval(20), // only a locked file is waited for
      signal,
      cut: () => {
        connection.close();
      },
      until: (ended) => Promise.race([lane.passes.request('asked for'), ended]),
    });
    requireTables(report, config.dbPath);
    return report;
  } finally {
    hideProgress();
    await lane.close();
    connection.close();
  }
}

/**
 * `run --once`, as the documents print it.
 * @returns the exit code: 0 in step, 2 in step but records are parked, 1 a pass stopped before a mass deletion.
 */
export async function runOnce(config: Config, log: Log): Promise<number> {
  const only = config.pipelines;
  if (only.includes('archive')) requirePostgres(config);
  logLeftOut(config, log);
  log.info('one-time sync', { event: 'once', text: 'Running one-time sync...' });
  let code = 0;
  if (only.includes('aliases')) {
    const report = await passOnce(config, log);
    if (report.blocked.length > 0) code = 1;
  }
  if (only.includes('archive')) {
    const { statistics } = await archiveOnce(config, log);
    if (statistics.errors > 0 && code === 0) code = 2;
  }
  if (code !== 1) log.info('done', { event: 'done', text: 'Done.' });
  return code;
}
