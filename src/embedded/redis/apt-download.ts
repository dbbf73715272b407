import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { lastLines, type ProgramResult, runProgram } from '../process/run-program';

const TIMEOUT_MS = 180_000;

interface Apt {
  readonly run: (...args: readonly string[]) => Promise<ProgramResult>;
  /** The folder into which `download` puts the .deb files. */
  readonly folder: string;
}

/**
 * apt-get with its caches and, if wanted, its package lists in `folder`: an ordinary user may not write to those of the system, and root
 * should not for the sake of a download. Run by root, apt would download as the user _apt, who cannot enter `folder`.
 */
function aptIn(folder: string, lists: 'system lists' | 'own lists'): Apt {
  for (const name of ['cache/archives/partial', 'lists/partial'])
    mkdirSync(join(folder, name), { recursive: true });
  const settings = [
    `Dir::Cache=${join(folder, 'cache')}`,
    ...(lists === 'own lists' ? [`Dir::State::Lists=${join(folder, 'lists')}`] : []),
    ...(process.getuid?.() === 0 ? ['APT::Sandbox::User=root'] : []),
    'Acquire::Retries=1',
    'Acquire::http::Timeout=20',
    'Acquire::https::Timeout=20',
  ];
  const options = ['-q', ...settings.flatMap((setting) => ['-o', setting])];
  // apt's answers are read below, so they must be in English.
  const settled = { cwd: folder, env: { ...process.env, LC_ALL: 'C' }, timeoutMs: TIMEOUT_MS };
  return { folder, run: (...args) => runProgram('apt-get', [...options, ...args], settled) };
}

/** The packages that a simulated installation would add; upgrades ("Inst name [old version] (new …") are left out. */
export function newPackages(simulation: string): string[] {
  return [...simulation.matchAll(/^Inst (\S+) \(/gm)].map((match) => match[1] ?? '');
}

/** The dependencies of a package that are not installed; undefined: apt cannot tell, for example because it has no package lists. */
async function missingDependencies(apt: Apt, name: string): Promise<string[] | undefined> {
  const simulation = await apt.run('--simulate', '--no-install-recommends', 'install', name);
  return simulation.ok ? newPackages(simulation.stdout) : undefined;
}

const downloaded = (apt: Apt): string[] =>
  readdirSync(apt.folder)
    .filter((name) => name.endsWith('.deb'))
    .map((name) => join(apt.folder, name));

/**
 * Downloads packages and those of their libraries that the system lacks; returns the paths of the .deb files. The last package must be
 * the one that depends on the libraries. Nothing is written outside of `work`.
 */
export async function downloadPackages(
  packages: readonly string[],
  usualLibraries: readonly string[],
  work: string,
): Promise<string[]> {
  const withLibraries = packages.at(-1) ?? '';
  const fetch = (apt: Apt, more: readonly string[]) =>
    apt.run('download', ...new Set([...packages, ...more]));

  // The system's lists save a download of 10 MB; they may be missing (containers) or name files that are gone.
  const system = aptIn(join(work, 'system'), 'system lists');
  const missing = await missingDependencies(system, withLibraries);
  if (missing !== undefined && (await fetch(system, missing)).ok) return downloaded(system);

  const own = aptIn(join(work, 'own'), 'own lists');
  const updated = await own.run('update');
  const fetched = await fetch(own, (await missingDependencies(own, withLibraries)) ?? usualLibraries);
  if (!fetched.ok) throw new Error(`apt-get failed: ${lastLines(updated.stderr + fetched.stderr, 3)}`);
  return downloaded(own);
}
