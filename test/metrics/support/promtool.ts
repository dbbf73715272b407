import { spawnSync } from 'node:child_process';

const present = spawnSync('promtool', ['--version']).error === undefined;

/** What promtool says. @returns undefined, loudly, where it is not installed */
export function promtool(args: readonly string[], input = ''): string | undefined {
  if (!present) {
    console.warn(
      `promtool is not here: \`promtool ${args.join(' ')}\` is skipped (Debian: apt-get install prometheus)`,
    );
    return undefined;
  }
  const { status, stdout, stderr } = spawnSync('promtool', [...args], { input, encoding: 'utf8' });
  return `${stdout}${stderr}exit code ${status}`;
}
