import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { requirePostgres } from '../config/load';
import { usualFolders } from '../embedded/postgres/local-postgres';
import { programsOnPath } from '../embedded/process/program-path';
import { withoutTls } from '../connections/postgres/postgres-auth';
import type { PostgresTarget } from '../connections/postgres/postgres-url';
import { useRunningDaemon } from '../embedded/stores';
import { configOf, type RunVerb } from './options';
import { type Client, noClient, runClient } from '../terminal/run-client';

const examples = `
Examples:
  millrace psql                                        the tables of the archive, in psql
  millrace psql -c 'SELECT count(*) FROM predictions'  what follows is psql's own
  millrace psql --csv -f report.sql > report.csv

As millrace_owner in the Postgres that \`run --embedded\` started in this folder, or as POSTGRES_URL says. The password reaches psql by its
environment; for other programs it is in .millrace/postgres/password.`;

/** `millrace psql`: a psql that knows where, as whom, and the password. */
export function psqlCommand(program: Command, run: RunVerb): void {
  program
    .command('psql')
    .description('psql, with the archive and its password')
    .argument('[args...]', 'for psql')
    .helpOption('--help', 'what there is')
    .allowUnknownOption()
    .addHelpText('after', examples)
    .action((args: readonly string[]) =>
      run((signal) => {
        const target = requirePostgres(useRunningDaemon(configOf({})));
        const { args: known, env } = asPsql(target);
        return runClient({ program: psqlHere(target), args: [...known, ...args], env }, signal);
      }),
    );
}

function psqlHere({ display }: PostgresTarget): string {
  const onPath = programsOnPath(['psql']);
  const elsewhere = usualFolders().map((folder) => join(folder, 'psql'));
  const found = onPath[0] ?? elsewhere.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw noClient(
    'there is no psql on this machine',
    `Install one (apt-get install postgresql-client, brew install libpq), or let another client connect to ${display}.`,
  );
}

/**
 * Arguments and environment of psql: the URL, in libpq's words and without its password, which goes by the environment. Without TLS psql,
 * like the daemon, sends no password in clear. Pure.
 */
export function asPsql({ connectionString, login, tls, auth }: PostgresTarget): Omit<Client, 'program'> {
  const { password } = login;
  const url = new URL(connectionString);
  const { searchParams } = url;
  if (searchParams.has('ssl') && !searchParams.has('sslmode'))
    searchParams.set('sslmode', tls === undefined ? 'disable' : 'require');
  for (const name of ['ssl', 'uselibpqcompat', 'password']) searchParams.delete(name);
  url.password = '';
  url.search = url.search.replaceAll('+', '%20'); // libpq does not read a + as a space
  return {
    args: [`--dbname=${url.href}`],
    env: {
      ...(password === undefined ? {} : { PGPASSWORD: password }),
      // psql knows this variable from version 16 on; earlier ones pass it over.
      ...(tls === undefined && auth === undefined ? { PGREQUIREAUTH: withoutTls.join(',') } : {}),
    },
  };
}
