import { logLeftOut } from '../config/left-out';
import { type Config, requirePostgres } from '../config/load';
import type { Log } from '../log/log';

/**
 * `run --once`, as the documents print it.
 * @returns the exit code: 0 in step, 2 in step but records are parked, 1 a pass stopped before a mass deletion.
 */
export async function runOnce(config: Config, log: Log): Promise<number> {
  const only = config.pipelines;
  if (only.includes('archive')) requirePostgres(config);
  logLeftOut(config.leftOut, log);
  log.info('one-time sync', { event: 'once', text: 'Running one-time sync...' });
  let code = 0;
  if (only.includes('aliases')) {
    const { aliasesOnce } = await import('../aliases/once.js');
    const report = await aliasesOnce(config, log);
    if (report.blocked.length > 0) code = 1;
  }
  if (only.includes('archive')) {
    const { archiveOnce } = await import('../archive/once.js');
    const { statistics } = await archiveOnce(config, log);
    if (statistics.errors > 0 && code === 0) code = 2;
  }
  if (code !== 1) log.info('done', { event: 'done', text: 'Done.' });
  return code;
}
