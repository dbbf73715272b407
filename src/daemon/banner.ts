import type { ArchiveStores, Config } from '../config/load';
import { harmless } from '../foundation/harmless';
import { timestamp } from '../foundation/timestamp';

const line = '='.repeat(60);

type Announced = ArchiveStores &
  Pick<Config, 'pipelines' | 'documents' | 'dbPath' | 'aliasIntervalSeconds' | 'archiveIntervalSeconds'>;

/** The banner the documents show, for what this process runs. */
export function banner(config: Announced): string {
  const { pipelines } = config;
  const aliases = pipelines.includes('aliases');
  const archive = pipelines.includes('archive');
  const title = [
    ...(aliases
      ? [config.documents.length > 0 ? 'SQLite → Redis Sync Service' : 'Redis Alias Sync Service']
      : []),
    ...(archive ? ['Redis → PostgreSQL Sync Service'] : []),
  ];
  return [
    line,
    ...title,
    line,
    ...(aliases ? [`Database: ${harmless(config.dbPath)}`] : []),
    `Redis: ${config.redis.display}`,
    ...(archive ? [`PostgreSQL: ${config.postgres?.display ?? ''}`] : []),
    ...(aliases ? [`Sync interval: ${interval(config.aliasIntervalSeconds)}; changes travel at once`] : []),
    ...(archive
      ? [`Archive interval: ${interval(config.archiveIntervalSeconds)}; changes travel at once`]
      : []),
    `Started at: ${timestamp()}`,
    line,
    '',
  ].join('\n');
}

function interval(seconds: number): string {
  const minutes = seconds / 60;
  return `${seconds} seconds${Number.isInteger(minutes) ? ` (${minutes} minute${minutes === 1 ? '' : 's'})` : ''}`;
}
