import { readSchemaFacts, type TableFacts } from '../archive/schema/facts';
import { PostgresConnection } from '../connections/postgres/postgres';
import type { Catalogue } from '../mapping/kinds';
import type { PostgresTarget } from '../connections/postgres/postgres-url';

const settings = [
  'server_version',
  'server_encoding',
  'TimeZone',
  'max_connections',
  'shared_buffers',
  'wal_level',
  'fsync',
  'synchronous_commit',
  'full_page_writes',
  'track_commit_timestamp',
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
];

const lettersSql = `SELECT kind, code, column_name, count(*) AS letters, max(attempts) AS attempts, min(first_at) AS first, max(last_at) AS last
  FROM millrace.dead_letters GROUP BY kind, code, column_name ORDER BY count(*) DESC LIMIT 200`;

const checkpointSql = `SELECT owner, heartbeat, epoch, incarnation, began_at, entry_id, updated_at, pass_requested_at FROM millrace.checkpoint`;

const sizesSql = `SELECT n.nspname AS schema, c.relname AS name, c.reltuples::bigint AS rows, pg_total_relation_size(c.oid) AS bytes
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND (n.nspname = 'millrace' OR n.nspname = $1 AND c.relname = ANY ($2)) ORDER BY 1, 2`;

/** Server, schema, sizes, and what is parked as codes and counts. No row of any of the archive's tables is read. */
export async function postgresSection(target: PostgresTarget, catalogue: Catalogue) {
  const postgres = new PostgresConnection(target, 'support');
  try {
    const { server, tables, own, applied } = await postgres.read((client) =>
      readSchemaFacts(client, catalogue),
    );
    const named = await postgres.query(
      `SELECT name, current_setting(name, true) AS value FROM unnest($1::text[]) AS name`,
      [settings],
    );
    const has = (name: string) =>
      own.get(name)?.privileges.includes('SELECT') === true && server.mayUseOwnSchema;
    return {
      server,
      settings: Object.fromEntries(named.map((row) => [row['name'], row['value']])) as Record<
        string,
        unknown
      >,
      migrations: applied ?? '(may not be read)',
      tables: [...tables.values(), ...own.values()].map(shapeOf),
      sizes: await postgres.query(sizesSql, [server.schema, [...tables.keys()]]),
      checkpoint: has('checkpoint') ? await postgres.query(checkpointSql) : [],
      deadLetters: has('dead_letters') ? await postgres.query(lettersSql) : [],
    };
  } catch (error) {
    throw postgres.translate(error);
  } finally {
    postgres.close();
  }
}

/** A table without predicates and defaults, whose constants may be somebody's data. */
const shapeOf = ({ columns, indexes, ...table }: TableFacts) => ({
  ...table,
  columns: columns.map(({ name, type, notNull }) => `${name} ${type}${notNull ? ' not null' : ''}`),
  indexes: indexes.map(
    ({ columns: keys, method, unique, predicate }) =>
      `${unique ? 'unique ' : ''}${method} (${keys.map((key) => key ?? 'an expression').join(', ')})${predicate === null ? '' : ' partial'}`,
  ),
});
