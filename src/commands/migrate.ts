import type { Command } from 'commander';
import type { MigrationReport } from '../archive/schema/migrate';
import { sentence } from '../archive/schema/things';
import { quoteName } from '../archive/record/target';
import { migratePostgres } from '../control/migrate-postgres';
import { describeError } from '../foundation/errors';
import { RedisConnection } from '../connections/redis';
import type { RedisTarget } from '../connections/redis-url';
import { useRunningDaemon } from '../embedded/stores';
import { ensureLibrary } from '../writer/library';
import { configOf, type RunVerb, withOptions } from './options';
import { complain, print } from '../terminal/print';

const examples = `
Examples:
  millrace migrate                      make or adopt the tables; the daemon does so at its start
  millrace migrate --dry-run > plan.sql the SQL alone, for an administrator to look at or to run
  millrace migrate --postgres-url postgresql://admin@db/ai_models`;

/** `millrace migrate`: everything the archive needs in Postgres, and the function library in Redis. */
export function migrateCommand(program: Command, run: RunVerb): void {
  withOptions(
    program
      .command('migrate')
      .description(
        'create or adopt the archive’s tables in Postgres, and load the function library into Redis',
      )
      .option('--dry-run', 'print the SQL that would be run, and change nothing'),
    ['postgresUrl', 'redisUrl', 'config'],
  )
    .addHelpText('after', examples)
    .action((flags: Record<string, unknown>) =>
      run(async () => {
        const config = useRunningDaemon(configOf(flags));
        const dryRun = flags['dryRun'] === true;
        const report = await migratePostgres(config, dryRun);
        if (dryRun) {
          print(script(report).split('\n'));
          return 0;
        }
        for (const line of summary(report)) print(line);
        await loadLibrary(config.redis);
        return 0;
      }),
    );
}

/** What a migration did, one line for each thing. */
export function summary({
  database,
  schema,
  adopted,
  steps,
  recorded,
  failed,
}: MigrationReport): readonly string[] {
  const where = `Postgres, database ${database}, schema ${schema}:`;
  const stopped = failed.flatMap(({ kind, message, hint }) => [
    `  mapping ${kind} cannot be served: ${message}`,
    `      ${hint}`,
  ]);
  if (steps.length + recorded.length + failed.length === 0)
    return [`${where} everything is in place already.`];
  return [
    where,
    ...adopted.map(({ table, rows }) => `  adopted table ${table}${rows > 0 ? ` (about ${rows} rows)` : ''}`),
    ...steps.map(({ thing }) => `  ${sentence(thing)}`),
    ...(recorded.length > 0 ? [`  migrated to ${recorded.at(-1) ?? 0}`] : []),
    ...stopped,
  ];
}

/** A dry run's answer, ready for psql but for the record of what was applied, which `migrate` itself adds. */
function script({ schema, steps, recorded }: MigrationReport): string {
  if (steps.length === 0) {
    return recorded.length === 0
      ? '-- Everything is in place already.'
      : '-- Everything is in place; only the record of it is missing.';
  }
  const parts = steps.map(({ thing, sql }) => `-- ${thing}\n${sql}`);
  return ['BEGIN;', `SET LOCAL search_path = ${quoteName(schema)}, pg_temp;`, ...parts, 'COMMIT;'].join(
    '\n\n',
  );
}

/** Loads the function library. Plain writers and the archive do without it, so if Redis refuses, there is only a warning. */
async function loadLibrary(target: RedisTarget): Promise<void> {
  const redis = new RedisConnection(target, 'migrate');
  try {
    await redis.connect();
    const outcome = await ensureLibrary(redis.client);
    print(`Redis ${redis.display}: function library ${outcome === 'current' ? 'is current' : outcome}`);
  } catch (error) {
    const translated = redis.translate(error);
    const { code, message, hint } = describeError(translated);
    if (code !== 'E_REDIS_FUNCTIONS') throw translated;
    complain([`Note: ${message} (${code})`, ...(hint === undefined ? [] : [`    → ${hint}`])]);
  } finally {
    redis.close();
  }
}
