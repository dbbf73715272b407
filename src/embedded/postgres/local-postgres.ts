import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { checkPostgres, type Demands, type PostgresAttempt } from './postgres-check';
import { programsOnPath } from '../process/program-path';

/** The folders where packages install Postgres, most of them outside of PATH; `*` stands for a version. */
const USUAL_PLACES = [
  '/usr/lib/postgresql/*/bin', // Debian, Ubuntu
  '/usr/pgsql-*/bin', // the RPMs of postgresql.org
  '/usr/libexec/postgresql*', // Alpine
  '/opt/homebrew/opt/postgresql@*/bin',
  '/usr/local/opt/postgresql@*/bin', // Homebrew on Intel
  '/Applications/Postgres.app/Contents/Versions/*/bin',
  '/usr/local/pgsql/bin', // built from source
  '/usr/local/bin',
  'C:/Program Files/PostgreSQL/*/bin',
];

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The folders that a path with a `*` in it means, the highest version first. */
export function foldersLike(pattern: string): string[] {
  const [, parent = '', before = '', after = '', rest = ''] =
    /^(.*)\/([^/*]*)\*([^/]*)(.*)$/.exec(pattern) ?? [];
  if (parent === '') return [pattern];
  const version = (name: string) => name.slice(before.length, name.length - after.length);
  return namesIn(parent)
    .filter((name) => name.startsWith(before) && name.endsWith(after) && /^\d[\d.]*$/.test(version(name)))
    .sort((one, other) => Number.parseFloat(version(other)) - Number.parseFloat(version(one)))
    .map((name) => join(parent, name) + rest);
}

/** Where a program of Postgres may be that is not on PATH, the newest first. */
export const usualFolders = (): readonly string[] => USUAL_PLACES.flatMap(foldersLike);

/** The Postgres of this machine: on PATH, else the newest where packages put it. */
export async function localPostgres(demands: Demands): Promise<PostgresAttempt> {
  const problems: string[] = [];
  const onPath = programsOnPath(['postgres']).map((path) => dirname(path));
  for (const binDir of new Set([...onPath, ...usualFolders()])) {
    if (!namesIn(binDir).some((name) => /^postgres(\.exe)?$/.test(name))) continue;
    const attempt = await checkPostgres(binDir, onPath.includes(binDir) ? 'PATH' : binDir, demands);
    if ('binary' in attempt) return attempt;
    problems.push(attempt.problem);
  }
  return {
    problem: problems.length > 0 ? problems.join('; ') : 'no postgres on PATH or in the usual folders',
  };
}
