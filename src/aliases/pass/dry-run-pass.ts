import type { AliasStores } from '../../config/load';
import { inspectServer, RedisConnection } from '../../connections/redis';
import { documentHashes } from '../../mapping/fingerprint';
import { unvouched } from '../sink/alias-case';
import { standings } from '../sink/introduction';
import { dryRun, type OnDifference } from './dry-run';
import { beginPass } from './passes';
import { type PassReport, requireTables } from './report';
import { AliasSink } from '../sink/sink';
import { AliasSource } from '../source/source';
import { sourceOptions } from '../source/source-options';

export interface DryRunOptions {
  /** Go on where a pass would stop: before a mass deletion, at keys that a new document finds, or (true only) when keys in Redis are spelled for another ALIAS_CASE. */
  readonly force: boolean | 'mass deletion';
}

/** A full pass that lists what it would change. Reads SQLite and Redis, writes neither. @throws E_ALIAS_CASE as a pass does */
export async function dryRunPass(
  config: AliasStores,
  { force }: DryRunOptions,
  onDifference: OnDifference,
): Promise<PassReport> {
  const { aliasCase, documents } = config;
  const claimed = force === false ? new Set<string>() : 'all';
  const standing = standings({ documents, hashes: documentHashes(documents), claimed });
  const source = AliasSource.open(sourceOptions(config));
  const connection = new RedisConnection(config.redis, 'dry-run');
  try {
    await connection.connect();
    await inspectServer(connection);
    const { checkpoint } = await new AliasSink(connection).load();
    const pass = beginPass({
      connection,
      truths: () => source.truths,
      aliasTruths: () => source.aliasTruths,
      target: dryRun(connection, onDifference),
      force: force !== false,
      aliasCase,
      doubtful: () =>
        force === true ? [] : unvouched(source.aliasTruths.keys(), aliasCase, checkpoint?.cases),
      onJudged: () => undefined,
      standing: (type) => standing.of(type, checkpoint?.mappings ?? {}),
    });
    let report = await pass.step();
    while (report === 'more') report = await pass.step();
    requireTables(report, config);
    return report;
  } finally {
    connection.close();
    source.close();
  }
}
