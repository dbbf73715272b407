import { eventually } from '../../support/eventually';
import type { TestDaemon } from '../../support/daemon';
import type { TestPostgres } from '../../support/postgres';

/** `<key> <code> <column>` of every letter, in order. */
export async function letters({ query }: Pick<TestPostgres, 'query'>): Promise<string[]> {
  const rows = await query('SELECT key, code, column_name FROM millrace.dead_letters');
  return rows.map((row) => [row['key'], row['code'], row['column_name'] ?? '-'].join(' ')).sort();
}

/** Waits until exactly these are parked. */
export const untilLetters = (
  postgres: Pick<TestPostgres, 'query'>,
  expected: readonly string[],
  daemon: TestDaemon,
  within = 10_000,
): Promise<void> =>
  eventually(async () => expect(await letters(postgres)).toEqual([...expected].sort()), {
    alive: daemon.running,
    within,
  });

/** Has a full pass made. @returns what it found different */
export async function passAskedFor(
  postgres: Pick<TestPostgres, 'query'>,
  daemon: TestDaemon,
): Promise<unknown> {
  const done = () =>
    daemon.log.lines.filter(
      ({ fields }) => fields['event'] === 'pass.done' && fields['reason'] === 'asked for',
    );
  const before = done().length;
  await postgres.query('UPDATE millrace.checkpoint SET pass_requested_at = clock_timestamp()');
  await eventually(() => done().length > before, { alive: daemon.running, within: 30_000 });
  return done().at(-1)?.fields['differences'];
}
