import { migrate, type MigrationReport } from '../archive/schema/migrate';
import { type Config, requirePostgres } from '../config/load';
import { PostgresConnection } from '../connections/postgres/postgres';

/** Makes in Postgres what the archive lacks, or (dryRun) tells what that is. @throws as `migrate` does, E_POSTGRES_URL */
export async function migratePostgres(
  config: Pick<Config, 'postgres' | 'catalogue'>,
  dryRun: boolean,
): Promise<MigrationReport> {
  const postgres = new PostgresConnection(requirePostgres(config), 'migrate');
  try {
    return await postgres.lend((client) => migrate(client, { dryRun, catalogue: config.catalogue }));
  } catch (error) {
    throw postgres.translate(error);
  } finally {
    postgres.close();
  }
}
