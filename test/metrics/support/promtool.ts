import { spawnSync } from 'node:child_process';

const present = spawnSync('promtool', ['--version']).error === undefined;

/** What promtool says. @returns undefined, loudly, where it is not installed */
export function promtool(args: readonly string[], input = ''): string | undefined {
  if (!present) {
    const what = `promtool ${args.join(' ')}`;
    process.stderr.write(`\nSKIPPED, promtool is not here (Debian: apt-get install prometheus): ${what}\n\n`);
    return undefined;
  }
  const { status, stdout, stderr } = spawnSync('promtool', [...args], { input, encoding: 'utf8' });
  return `${stdout}${stderr}exit code ${status}`;
}
