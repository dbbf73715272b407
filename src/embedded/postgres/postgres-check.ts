import { join } from 'node:path';

import { runProgram, whyItFailed } from '../process/run-program';
import type { ServerUser } from '../process/server-user';

export interface PostgresBinary {
  /** Absolute path of the folder that holds postgres and initdb. */
  readonly binDir: string;
  /** For example '18.4'. */
  readonly version: string;
  /** Where the server was found: 'npm package', 'PATH', or its folder. */
  readonly origin: string;
}

/** The outcome of one way to find a server: a server, or why there is none. */
export type PostgresAttempt = { readonly binary: PostgresBinary } | { readonly problem: string };

/** What a server must be able to do. */
export interface Demands {
  /** It has to run as this user, who may reach less than we do. */
  readonly user?: ServerUser | undefined;
  /** It has to read data that this major version wrote. */
  readonly major?: number | undefined;
}

/** The oldest major version that the archive is tested with. */
const OLDEST_MAJOR = 13;

export const programIn = (binDir: string, name: 'postgres' | 'initdb'): string =>
  join(binDir, process.platform === 'win32' ? `${name}.exe` : name);

/** Makes sure that a server runs here: a binary may lack its libraries or be for another architecture. */
export async function checkPostgres(
  binDir: string,
  origin: string,
  demands: Demands = {},
): Promise<PostgresAttempt> {
  const { user, major } = demands;
  const programs = [programIn(binDir, 'postgres'), programIn(binDir, 'initdb')] as const;
  const [server, initdb] = await Promise.all(
    programs.map((path) => runProgram(path, ['--version'], { cwd: '/', ...user })),
  );
  const whom = user === undefined ? '' : ` as user ${user.uid}`;
  if (!server?.ok) return { problem: `${programs[0]}${whom} ${whyItFailed(server?.stderr ?? '')}` };
  if (!initdb?.ok) return { problem: `${programs[1]}${whom} ${whyItFailed(initdb?.stderr ?? '')}` };

  const version = /\(PostgreSQL\) (\d[\w.]*)/.exec(server.stdout)?.[1];
  if (version === undefined) return { problem: `${programs[0]} does not say which version it is` };
  const found = Number.parseInt(version, 10);
  if (found < OLDEST_MAJOR) {
    return {
      problem: `${programs[0]} is version ${version}, and ${OLDEST_MAJOR} is the oldest that will do`,
    };
  }
  if (major !== undefined && found !== major) {
    return { problem: `${programs[0]} is version ${version}, and the data are of version ${major}` };
  }
  return { binary: { binDir, version, origin } };
}
