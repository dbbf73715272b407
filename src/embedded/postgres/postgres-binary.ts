import { resolve } from 'node:path';

import { fatal } from '../../foundation/errors';
import { localPostgres } from './local-postgres';
import { npmPostgres } from './npm-postgres';
import { checkPostgres, type Demands, type PostgresBinary } from './postgres-check';
import { installCommand } from './postgres-package';

export interface FindPostgresOptions extends Demands {
  /** Where a copy of the server is kept; nothing is written elsewhere. */
  readonly cacheDir: string;
  /** A folder with postgres and initdb; if it is set no other server is looked for. */
  readonly binDir?: string | undefined;
  readonly log?: (message: string) => void;
}

function hint(major: number | undefined): string {
  const command = installCommand(major);
  const byNpm =
    command === undefined ? '' : `${command} (60 MB; with --global where Millrace was installed so); `;
  return (
    'Set POSTGRES_URL to a running Postgres (docker run -p 5432:5432 -e POSTGRES_PASSWORD=… postgres), or bring one: ' +
    `${byNpm}Debian, Ubuntu or WSL: sudo apt-get install postgresql; Fedora: sudo dnf install postgresql-server; ` +
    'Alpine: apk add postgresql; macOS: brew install postgresql.'
  );
}

/**
 * A Postgres server that runs on this machine: the one inside the npm package, else an installed one.
 * Throws E_NO_POSTGRES with everything that was tried.
 */
export async function findPostgres(options: FindPostgresOptions): Promise<PostgresBinary> {
  const { binDir, log = () => undefined, user, major } = options;
  const demands = { user, major };
  const sources =
    binDir === undefined
      ? [() => npmPostgres(resolve(options.cacheDir), demands, log), () => localPostgres(demands)]
      : [() => checkPostgres(resolve(binDir), resolve(binDir), demands)];
  const problems: string[] = [];
  for (const source of sources) {
    const attempt = await source();
    if ('binary' in attempt) return attempt.binary;
    problems.push(attempt.problem);
  }
  const which =
    major === undefined ? 'Postgres server' : `server of Postgres ${major}, which wrote the data,`;
  throw fatal(`No ${which} can be started here: ${problems.join('; ')}`, {
    code: 'E_NO_POSTGRES',
    hint: hint(major),
  });
}
