import { readSql } from '../../foundation/package-root';
import type { PostgresConnection } from '../../connections/postgres/postgres';
import { type Finding, ok } from '../../pipeline/finding';
import type { Catalogue } from '../../mapping/kinds';
import { tablesOf } from '../schema/facts';
import { quoteName } from '../record/target';

const sql = readSql('src/archive/inspect/sql/server-health.sql');

/** Whether what is committed survives a crash, and whether triggers and indexes that are there do their work. Reads only. */
export async function serverHealth(
  postgres: PostgresConnection,
  schema: string,
  catalogue: Catalogue,
): Promise<readonly Finding[]> {
  const asked = await postgres.query(sql, [schema, tablesOf(catalogue)]);
  const row = asked[0] ?? {};
  const findings: Finding[] = [];
  for (const name of ['fsync', 'full_page_writes']) {
    if (row[name] === 'on') continue;
    findings.push({
      level: 'problem',
      what: `Postgres runs with ${name} = ${row[name] ?? 'off'}: a crash of its machine may lose or damage what was archived`,
      remedy: `ALTER SYSTEM SET ${name} = on; SELECT pg_reload_conf();`,
    });
  }
  if (findings.length === 0)
    findings.push(ok('Postgres writes what it commits to disk (fsync, full_page_writes)'));
  // Asked outside of a transaction: our own transactions set it to `on`, whatever the server says.
  const [set] = await postgres.lend(async (client) => {
    const { rows } = await client.query<{ synchronous_commit: string }>('SHOW synchronous_commit');
    return rows;
  });
  if (set?.synchronous_commit === 'off')
    findings.push({
      level: 'note',
      what: 'Postgres has synchronous_commit = off: Millrace overrules it for its own transactions, other programs may lose their last ones',
      remedy: 'ALTER SYSTEM SET synchronous_commit = on; SELECT pg_reload_conf();',
    });
  if (row['disabled'] != null) {
    const [trigger = '', table = ''] = (row['disabled'].split(', ')[0] ?? '').split(' on ');
    findings.push({
      level: 'problem',
      what: `triggers that check references are disabled: ${row['disabled']}`,
      remedy: `ALTER TABLE ${quoteName(schema)}.${quoteName(table)} ENABLE TRIGGER ${quoteName(trigger)}; and so on`,
    });
  }
  if (row['invalid'] != null)
    findings.push({
      level: 'problem',
      what: `indexes are not valid, and nobody uses them: ${row['invalid']}`,
      remedy: `REINDEX INDEX CONCURRENTLY ${row['invalid'].split(', ')[0] ?? ''}; or drop them`,
    });
  return findings;
}
