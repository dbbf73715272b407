import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/foundation/package-root';
import { eventually } from '../support/eventually';
import { temporaryFolder } from '../support/temporary-folder';

/** What ends npm ends the daemon (npm-start.test.ts), but not one that somebody has set free. */
const folder = temporaryFolder();
const beats = join(folder, 'beats');
writeFileSync(
  join(folder, 'daemon.js'),
  `const { appendFileSync, writeFileSync } = require('node:fs');
const { stopSignal } = require(${JSON.stringify(join(packageRoot, 'dist', 'src', 'foundation', 'stop-signal.js'))});
stopSignal().addEventListener('abort', () => process.exit(0));
writeFileSync(${JSON.stringify(beats)}, String(process.pid) + '\\n');
setInterval(() => appendFileSync(${JSON.stringify(beats)}, '.'), 50);`,
);
writeFileSync(
  join(folder, 'starter.js'),
  `const { spawn } = require('node:child_process');
spawn(process.execPath, ['daemon.js'], { detached: true, stdio: 'ignore' }).unref();
process.stdin.on('data', () => process.exit(0));`,
);
const node = `"${process.execPath}"`;
writeFileSync(
  join(folder, 'package.json'),
  JSON.stringify({
    name: 'free',
    version: '1.0.0',
    scripts: {
      setsid: `setsid ${node} daemon.js & read line`,
      detached: `${node} starter.js`,
      start: `${node} daemon.js`,
    },
  }),
);
const { PATH = '', HOME = '' } = process.env;

(process.platform === 'linux' ? test : test.skip).each<[string, string]>([
  ['by setsid, in a script that ends', 'setsid'],
  ['by a program that ends', 'detached'],
  ['by nohup, when the terminal is closed', 'start'],
])(
  'a daemon that is set free %s lives on',
  async (_how, script) => {
    rmSync(beats, { force: true });
    const npm = spawn('npm', ['run', script], {
      cwd: folder,
      env: { PATH, HOME, npm_config_update_notifier: 'false' },
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const beaten = () => readFileSync(beats, 'utf8').split('\n')[1]?.length ?? 0;
    const exited = once(npm, 'exit');
    await eventually(() => beaten() > 2, { within: 20_000 });
    const pid = Number.parseInt(readFileSync(beats, 'utf8'), 10);
    try {
      // Node takes no notice of nohup: npm is ended by the hang-up.
      if (script === 'start') process.kill(-(npm.pid ?? 0), 'SIGHUP');
      else npm.stdin.write('go\n');
      await exited;
      const before = beaten();
      await eventually(() => beaten() > before + 30); // which takes longer than a look for npm
    } finally {
      process.kill(pid, 'SIGKILL');
    }
  },
  40_000,
);
