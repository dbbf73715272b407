import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { at, giveUp, run, say } from './shell.mjs';

const FOLDERS = ['src', 'bench', 'examples', 'test/chaos'];
const BUILD_INFO = at('dist', '.tsbuildinfo');

function sourceFiles() {
  return FOLDERS.filter((folder) => existsSync(at(folder))).flatMap((folder) =>
    readdirSync(at(folder), { recursive: true })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .map((name) => at(folder, name)),
  );
}

/** The sources of the last build, from the compiler's own notes. */
function builtFiles() {
  const { fileNames } = JSON.parse(readFileSync(BUILD_INFO, 'utf8'));
  const paths = fileNames.map((name) => join(dirname(BUILD_INFO), name));
  return paths.filter((path) => FOLDERS.some((folder) => path.startsWith(at(folder, '/'))));
}

/** 'current', 'outdated', or 'stale': dist/ is missing or may hold the output of sources that are gone. */
export function buildState() {
  if (!existsSync(BUILD_INFO) || !existsSync(at('dist', 'src'))) return 'stale';
  const sources = sourceFiles();
  const built = new Set(builtFiles());
  if ([...built].some((path) => !existsSync(path))) return 'stale';
  // A file that was moved here keeps its old time.
  if (sources.some((path) => !built.has(path))) return 'outdated';
  const builtAt = statSync(BUILD_INFO).mtimeMs;
  const inputs = [...sources, at('tsconfig.json'), at('tsconfig.build.json')];
  return inputs.some((path) => statSync(path).mtimeMs > builtAt) ? 'outdated' : 'current';
}

export function build(state) {
  say('compiling TypeScript (tsc).');
  if (state === 'stale') rmSync(at('dist'), { recursive: true, force: true });
  const startedAt = new Date();
  if (!run(process.execPath, [at('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json'])) {
    // So that the next run reports the errors again instead of taking the output for good.
    rmSync(BUILD_INFO, { force: true });
    giveUp('tsc found errors; they are above.');
  }
  // npx makes it so when it links the package, which it does once.
  const command = at('dist', 'src', 'cli.js');
  if (existsSync(command)) chmodSync(command, 0o755);
  // Not the end of the build: what was edited while it ran is newer. And tsc leaves the file alone if nothing changed.
  utimesSync(BUILD_INFO, startedAt, startedAt);
}
