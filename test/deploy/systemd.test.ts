import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseDotenv } from 'dotenv';
import { options, type Option } from '../../src/config/options';
import { packageRoot } from '../../src/foundation/package-root';
import { cliPath } from '../support/cli';
import { temporaryFolder } from '../support/temporary-folder';

/** What `systemd-analyze security` may say at most: 0 is a service that can do nothing, 9.6 one without any protection. */
const exposureLimit = 1.5;

const folder = temporaryFolder();
const shipped = (name: string): string => join(packageRoot, 'deploy', 'systemd', name);
const unitText = readFileSync(shipped('millrace.service'), 'utf8');
/** Every value of a setting of the unit, in order. */
const values = (name: string): string[] =>
  [...unitText.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map((match) => match[1] ?? '');
const analyze = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
  return { status, output: stdout + stderr };
};

const version = Number(/^systemd (\d+)/.exec(analyze('--version').output)?.[1] ?? 0);
if (version < 250)
  process.stderr.write('SKIPPED the systemd unit: no systemd-analyze of version 250 or newer\n');
const withSystemd = version < 250 ? test.skip : test;

/** The unit as installed with its drop-in, and with a Node that exists here: verify looks for the program. */
function installed(): string {
  const unit = join(folder, 'millrace.service');
  mkdirSync(`${unit}.d`, { recursive: true });
  writeFileSync(unit, unitText.replace('/usr/bin/node', process.execPath));
  copyFileSync(shipped('sqlite.conf'), join(`${unit}.d`, 'sqlite.conf'));
  return unit;
}

withSystemd('systemd accepts the unit and its drop-in without a word', () => {
  expect(analyze('verify', '--man=no', installed())).toEqual({ status: 0, output: '' });
});

withSystemd(`its exposure is at most ${String(exposureLimit)}`, () => {
  const { status, output } = analyze(
    'security',
    '--offline=true',
    `--threshold=${String(exposureLimit * 10)}`,
    installed(),
  );
  expect(output).toMatch(/Overall exposure level for millrace.service: [01]\.\d OK/);
  expect(status).toBe(0);
});

test('memory may be written and run, for V8, and this machine’s addresses may be asked for', () => {
  expect(values('MemoryDenyWriteExecute')).toEqual([]);
  expect(values('RestrictAddressFamilies')).toEqual(['AF_UNIX AF_INET AF_INET6 AF_NETLINK']);
});

test('memory is limited to what the largest record may need, here and in the compose file', () => {
  const needed = 300 + 4 * Number(/^(\d+)MB$/.exec(options.maxRecordSize.fallback)?.[1]);
  const compose = readFileSync(join(packageRoot, 'deploy', 'docker', 'compose.yaml'), 'utf8');
  for (const limit of [values('MemoryMax')[0], /mem_limit: (\d+m)$/m.exec(compose)?.[1]]) {
    const megabytes = Number(limit?.slice(0, -1));
    expect(megabytes).toBeGreaterThanOrEqual(needed);
    expect(megabytes).toBeLessThan(needed * 1.1);
  }
});

test('every credential is what a setting with a secret is read from', () => {
  const secrets = Object.values<Option>(options).filter(({ secret }) => secret === true);
  const ids = values('LoadCredential').map((value) => value.split(':')[0] ?? '');
  const files = values('Environment').map((value) => value.split('='));
  expect(files.map(([, file]) => file)).toEqual(ids.map((id) => `%d/${id}`));
  expect(secrets.map(({ env }) => `${env}_FILE`)).toEqual(
    expect.arrayContaining(files.map(([name]) => name)) as string[],
  );
});

test('the settings in millrace.env, and those that are only suggested there, are settings without secrets', () => {
  const text = readFileSync(shipped('millrace.env'), 'utf8').replace(/^#(\w+=)/gm, '$1');
  const open = Object.values<Option>(options).filter(({ secret }) => secret !== true);
  const names = Object.keys(parseDotenv(text));
  expect(names).toContain('DB_PATH');
  expect(open.map(({ env }) => env)).toEqual(expect.arrayContaining(names) as string[]);
});

test('the program it starts is what package.json calls millrace, and systemd waits longer than it takes to stop', () => {
  const { bin } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    bin: { millrace: string };
  };
  expect(values('ExecStart')).toEqual([`/usr/bin/node /opt/millrace/${bin.millrace} run`]);
  const deadline = /stopDeadlineMs = ([\d_]+)/.exec(
    readFileSync(join(packageRoot, 'src', 'foundation', 'stop-signal.ts'), 'utf8'),
  )?.[1];
  expect(Number(values('TimeoutStopSec')[0])).toBeGreaterThan(Number(deadline?.replace('_', '')) / 1000);
});

test('sudo millrace has the settings of the service', () => {
  const etc = join(folder, 'etc');
  mkdirSync(etc);
  writeFileSync(join(etc, 'millrace.env'), 'DB_PATH="/srv/a b/x.db"\n# comment\nLOG_LEVEL=loud\n');
  writeFileSync(join(etc, 'redis-url'), 'mysql://redis\n');
  const script = readFileSync(shipped('millrace'), 'utf8')
    .replaceAll('/etc/millrace', etc)
    .replace('/usr/bin/node /opt/millrace/dist/src/cli.js', `${process.execPath} ${cliPath}`);
  const { status, stderr } = spawnSync('sh', ['-c', script, 'millrace', 'status'], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(status).toBe(1);
  expect(stderr).toContain('LOG_LEVEL="loud"');
  expect(stderr).toContain('REDIS_URL has another scheme');
  expect(stderr).toContain(`POSTGRES_URL_FILE="${etc}/postgres-url" cannot be read`);
});
