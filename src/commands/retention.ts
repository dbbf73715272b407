import type { Command } from 'commander';
import { archivePauseStore } from '../archive/position/pause-store';
import { findTargets } from '../archive/schema/preparation';
import { Retention } from '../archive/retention/retention';
import { needsAttention, retentionLines } from '../archive/retention/retention-report';
import { retentionInForce } from '../mapping/retention-policy';
import { requirePostgres } from '../config/load';
import { fatal } from '../foundation/errors';
import { PostgresConnection } from '../connections/postgres/postgres';
import { showProgress } from '../foundation/show-progress';
import { inspectServer, RedisConnection } from '../connections/redis';
import { refusePaused } from '../pipeline/pause';
import { useRunningDaemon } from '../embedded/stores';
import { configOf, type RunVerb, withOptions } from './options';
import { print, printJson } from '../terminal/print';

interface Flags extends Record<string, unknown> {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const examples = `
Examples:
  millrace retention --dry-run                     what RETENTION_DAYS and the mappings would remove, and what they would keep back
  millrace retention --dry-run --days 90           the same for another number of days
  millrace retention --days prediction=30,metric=365

Exit code: 0 done, 2 done, but old records stay because Postgres has them not, or otherwise, 1 failed, with what to do.`;

/** `millrace retention`: removes from Redis, once, what is old and safe in Postgres; beside a daemon or without one. */
export function retentionCommand(program: Command, run: RunVerb): void {
  withOptions(
    program
      .command('retention')
      .description('remove old records from Redis that are equal in Postgres')
      .option('--dry-run', 'say what would be removed and what would stay, and change nothing')
      .option('--json', 'print the result as a line of JSON')
      .addHelpText('after', examples),
    ['redisUrl', 'postgresUrl', 'retentionDays', 'config'],
  ).action((flags: Flags) =>
    run(async (signal) => {
      const config = useRunningDaemon(configOf(flags));
      const policy = retentionInForce(config.retention, config.catalogue);
      if (policy === undefined) {
        throw fatal('nothing says how long records stay in Redis', {
          code: 'E_CONFIG',
          hint: 'Set RETENTION_DAYS: 90 for predictions and metrics, or prediction=90,metric=365; records of your own say it in the file of mappings (retention: 90d).',
        });
      }
      const redis = new RedisConnection(config.redis, 'retention');
      const postgres = new PostgresConnection(requirePostgres(config), 'retention');
      let hideProgress = (): void => undefined;
      try {
        await redis.connect();
        await inspectServer(redis);
        const targets = await findTargets(postgres, config.catalogue);
        if (flags.dryRun !== true) await refusePaused('archive', archivePauseStore(postgres));
        const retention = new Retention({
          redis,
          postgres,
          targets: () => targets,
          catalogue: config.catalogue,
          policy,
          dryRun: flags.dryRun === true,
          onRemoved: () => undefined,
        });
        hideProgress = showProgress(() => retention.progress);
        while (!signal.aborted && (await retention.step()));
        hideProgress();
        const { report } = retention;
        if (flags.json === true) printJson(report);
        else print(retentionLines(report, config.catalogue));
        if (!report.complete) return 1;
        return needsAttention(report) ? 2 : 0;
      } finally {
        hideProgress();
        postgres.close();
        redis.close();
      }
    }),
  );
}
