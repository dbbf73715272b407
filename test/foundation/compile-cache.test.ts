import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/foundation/package-root';
import { cliPath } from '../support/cli';

const folder = join(packageRoot, 'dist', '.compiled');
const canKeep = Number(process.versions.node.split('.')[0]) >= 22 ? test : test.skip;

canKeep(
  'what Node makes of the modules of a process is kept beside them, and not where others could leave something',
  () => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 }); // others may be starting
    const { PATH = '', HOME = '' } = process.env;
    const run = spawnSync(process.execPath, [cliPath, '--version'], {
      env: { PATH, HOME },
      encoding: 'utf8',
    });
    expect([run.status, run.stderr]).toEqual([0, '']);
    const version = readdirSync(folder).find((name) => name.includes(process.version));
    expect(readdirSync(join(folder, version ?? '')).length).toBeGreaterThan(100);
  },
);
