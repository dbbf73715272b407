import type { PostgresConnection } from '../../connections/postgres/postgres';
import type { Finding } from '../../pipeline/finding';
import { inFew } from '../../foundation/in-few';
import type { TableFacts } from '../schema/facts';

/** Findings about triggers of other programs that may change or drop our rows, and about rows that Postgres is known to change. Reads only. */
export async function writeFindings(
  postgres: PostgresConnection,
  tables: Iterable<TableFacts>,
): Promise<readonly Finding[]> {
  const triggers = [...tables].flatMap(
    ({ name, triggers: found }) =>
    found.filter(({ ours, before }) => !ours && before !== '').map((one) => `${one.name} on ${name} (BEFORE ${one.before})`), // prettier-ignore
  );
  const findings: Finding[] = [];
  if (triggers.length > 0)
    findings.push({
      level: 'note',
      what: `triggers may change or drop what is written: ${inFew(triggers)}`,
      remedy:
        'What one drops is parked (E_SWALLOWED), what one changes is written once; records that are not the same as in Redis are never removed there by retention.',
    });
  const altered = await postgres.query(
    `SELECT kind, columns, count(*) AS count FROM millrace.altered GROUP BY kind, columns ORDER BY kind, columns`,
  );
  for (const { kind, columns, count } of altered)
    findings.push({
      level: 'note',
      what: `Postgres changes ${columns ?? ''} of a ${kind ?? ''} on write: ${count ?? ''} rows are not as Redis has them, and count as equal`,
      remedy: `Nothing, if that is meant. After a trigger is gone: DELETE FROM millrace.altered WHERE kind = '${kind ?? ''}'; and the next full pass writes them again.`,
    });
  return findings;
}
