import type { Config } from '../config';
import { inspectServer, RedisConnection } from '../redis';
import { type Difference, dryRun } from './dry-run';
import { type PassReport, PassRunner } from './pass-runner';
import { requireTables } from './report';
import { AliasSource } from './source';

/** A full pass that lists what it would change. Reads SQLite and Redis, writes neither. */
export async function dryRunPass(
  config: Config,
  force: boolean,
  onDifference: (difference: Difference) => void,
): Promise<PassReport> {
  const source = AliasSource.open({
    path: config.dbPath,
    mappings: config.aliasTables,
    aliasCase: config.aliasCase,
  });
  const connection = new RedisConnection(config.redis, 'dry-run');
  try {
    await connection.connect();
    await inspectServer(connection);
    let report: PassReport | undefined;
    const passes = new PassRunner({
      connection,
      truths: () => source.truths,
      target: dryRun(connection, onDifference),
      force,
      onStart: () => undefined,
      onDone: (done) => (report = done),
    });
    void passes.request('dry run');
    while (await passes.step());
    if (report === undefined) throw new Error('the pass ended without a report');
    requireTables(report, config.dbPath);
    return report;
  } finally {
    connection.close();
    source.close();
  }
}
