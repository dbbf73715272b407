import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cliPath } from '../support/cli';
import { temporaryFolder } from '../support/temporary-folder';

const folder = temporaryFolder();

test('hang-ups are heard before anything of others is loaded: until then one would end the process', () => {
  const hook = join(folder, 'hook.cjs');
  writeFileSync(
    hook,
    `const { on } = process;
    process.on = function (name, ...rest) {
      const loaded = Object.keys(require.cache).filter((path) => path.includes('node_modules'));
      if (name === 'SIGHUP') console.error('SIGHUP after ' + loaded.length);
      return on.call(this, name, ...rest);
    };`,
  );
  const { stderr } = spawnSync(process.execPath, ['--require', hook, cliPath, '--version'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  expect(stderr).toMatch(/^SIGHUP after 0\n/);
});

test('one that came before anybody listened is not lost', () => {
  const foundation = join(cliPath, '..', 'foundation');
  // In a process of its own: it would end this one.
  const script = `
    const { hearHangUps } = require('./early-hang-up');
    hearHangUps();
    process.once('SIGHUP', () => {
      const { hangUp$ } = require('./hang-up');
      let heard = '';
      const listening = hangUp$().subscribe(() => (heard += 'heard '));
      hangUp$().subscribe(() => (heard += 'again ')).unsubscribe();
      listening.unsubscribe();
      console.log(heard);
    });
    process.kill(process.pid, 'SIGHUP');
    setTimeout(() => undefined, 100);`;
  const { stdout } = spawnSync(process.execPath, ['-e', script], {
    cwd: foundation,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  expect(stdout).toBe('heard \n');
});
