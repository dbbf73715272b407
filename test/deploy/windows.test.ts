import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot, readAsset } from '../../src/foundation/package-root';
import { type Option, options } from '../../src/config/options';

/** No Windows here: what can be held against this checkout is. */
const folder = join('deploy', 'windows');
const service = readAsset(join(folder, 'install-service.ps1'));

test('the service and the task start what package.json calls millrace', () => {
  const { bin } = JSON.parse(readAsset('package.json')) as { bin: { millrace: string } };
  const script = `${bin.millrace.replaceAll('/', '\\')} run`;
  expect(service).toContain(`AppParameters '${script}'`);
  expect(readAsset(join(folder, 'run_sync.bat'))).toContain(`node ${script} %*`);
  expect(readAsset(join(folder, 'install-task.ps1'))).toContain("'run_sync.bat'");
});

test('every setting of the service is one, and secrets come from files', () => {
  const line = /AppEnvironmentExtra (.*)/.exec(service)?.[1] ?? '';
  const names = [...line.matchAll(/"(\w+)=/g)].map((match) => match[1] ?? '');
  expect(names).toContain('POSTGRES_URL_FILE');
  for (const name of names) {
    const option = Object.values<Option>(options).find(
      ({ env }) => env === name.replace('_URL_FILE', '_URL'),
    );
    expect([name, option !== undefined]).toEqual([name, true]);
  }
});

test('NSSM waits longer for a clean stop than Millrace takes', () => {
  const deadline = /stopDeadlineMs = ([\d_]+)/
    .exec(readAsset('src/foundation/stop-signal.ts'))?.[1]
    ?.replace('_', '');
  expect(Number(/AppStopMethodConsole (\d+)/.exec(service)?.[1])).toBeGreaterThan(Number(deadline));
});

test('every file that the documentation names under deploy/ is there, and every file is named', () => {
  const text = readAsset('docs/06-deployment.md');
  const named = new Set(
    [...text.matchAll(/deploy\/(?:systemd|docker|windows)\/(?!secrets)[\w.-]*\w/g)].map(([path]) => path),
  );
  for (const path of named) expect([path, existsSync(join(packageRoot, path))]).toEqual([path, true]);
  for (const system of ['systemd', 'docker', 'windows']) {
    for (const name of readdirSync(join(packageRoot, 'deploy', system))) {
      if (name !== 'secrets' && !/ignore$|attributes$/.test(name))
        expect(named).toContain(`deploy/${system}/${name}`);
    }
  }
});
