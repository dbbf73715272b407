import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { validate } from 'dockerfile-utils';
import Redis from 'ioredis';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { inspectNotifications } from '../../src/archive/mirror/notifications';
import { loadConfig } from '../../src/config/load';
import { defaultCacheDir } from '../../src/embedded/process/cache-dir';
import { freePort } from '../../src/embedded/process/ask-redis';
import { findRedisServer } from '../../src/embedded/redis/redis-binary';
import { packageRoot, readAsset } from '../../src/foundation/package-root';
import { type Option, options } from '../../src/config/options';
import { startDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { aliasDatabase } from '../support/alias-database';
import { temporaryFolder } from '../support/temporary-folder';
import { testRedis } from '../support/stores';

const folder = temporaryFolder();
const here = join(packageRoot, 'deploy', 'docker');
const dockerfile = readAsset('deploy/docker/Dockerfile');
const composeText = readAsset('deploy/docker/compose.yaml');

const service = z.looseObject({
  image: z.string(),
  restart: z.literal('unless-stopped'),
  ports: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.string()).default({}),
  secrets: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  healthcheck: z.looseObject({ test: z.array(z.string()) }).optional(),
  command: z.array(z.string()).default([]),
});
const compose = z
  .object({
    name: z.string(),
    services: z.object({ millrace: service, redis: service, postgres: service }),
    secrets: z.record(z.string(), z.object({ file: z.string() })),
    volumes: z.record(z.string(), z.null()),
  })
  .parse(parseYaml(composeText, { merge: true }));
const services = Object.entries(compose.services);

/** The secrets, made by the script as in the documentation. */
function makeSecrets(): string {
  const secrets = join(folder, 'secrets');
  const made = spawnSync('sh', [join(here, 'make-secrets.sh'), secrets], { encoding: 'utf8' });
  expect(made).toMatchObject({ status: 0, stderr: '' });
  return secrets;
}

test('the Dockerfile has no mistake that a linter knows', () => {
  expect(validate(dockerfile)).toEqual([]);
});

test('every stage stands on one exact version of the newest LTS, by digest, and the image does not run as root', () => {
  const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map((match) => match[1]);
  expect(bases).toEqual(['${NODE}', '${NODE}', '${NODE}']);
  const node = /^ARG NODE=(.*)$/m.exec(dockerfile)?.[1];
  expect(node).toMatch(/^node:24\.\d+\.\d+-bookworm-slim@sha256:[0-9a-f]{64}$/);
  const last = dockerfile.slice(dockerfile.lastIndexOf('FROM '));
  expect(/^USER (.*)$/m.exec(last)?.[1]).toBe('node');
});

test('nothing is compiled but Millrace, and no script of a package is run', () => {
  expect(dockerfile).not.toMatch(/apt-get|python|g\+\+/);
  const installs = [...dockerfile.matchAll(/npm (?:ci|install)[^\n]*/g)].map(([line]) => line);
  expect(installs.length).toBe(2);
  for (const line of installs) expect(line).toContain('--ignore-scripts');
});

test('everything the Dockerfile copies is there, and nothing else reaches the builder', () => {
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) =>
    (match[1] ?? '').split(' '),
  );
  for (const path of copied) expect([path, existsSync(join(packageRoot, path))]).toEqual([path, true]);
  const [everything, ...lines] = readAsset('deploy/docker/Dockerfile.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  expect(everything).toBe('*');
  const secrets = ['deploy/docker/secrets', '**/.env'];
  // The last line that fits decides.
  expect(lines.slice(-secrets.length)).toEqual(secrets);
  expect(lines.slice(0, -secrets.length).sort()).toEqual(copied.map((path) => `!${path}`).sort());
  // What package.json ships is copied, or built from what is.
  const { files } = JSON.parse(readAsset('package.json')) as { files: string[] };
  const shipped = files.filter((path) => !path.startsWith('!'));
  expect(copied).toEqual(
    expect.arrayContaining(shipped.map((path) => path.replace('dist/', '').split('/')[0])) as string[],
  );
});

test('the health check asks the daemon itself, and fails when none answers', async () => {
  const redis = await testRedis();
  const dbPath = join(folder, 'health.db');
  aliasDatabase(dbPath).close();
  const daemon = await startDaemon({ REDIS_URL: redis.url, DB_PATH: dbPath });
  const check = /HEALTHCHECK[^[]*(\[.*\])$/m.exec(dockerfile)?.[1] ?? '';
  const [program, ...args] = z.array(z.string()).parse(JSON.parse(check));
  expect(program).toBe('node');
  const healthy = (port: string) =>
    new Promise((resolve) => {
      spawn(process.execPath, args, { env: { HTTP_PORT: port } }).on('close', resolve);
    });
  const { port } = new URL(daemon.url);
  expect(await healthy(port)).toBe(0);
  // A Redis that is away makes it unready, which is no reason to be restarted.
  redis.client.disconnect();
  await redis.server.stop();
  await eventually(async () => expect((await fetch(`${daemon.url}/readyz`)).status).toBe(503));
  expect(await healthy(port)).toBe(0);
  await daemon.stop();
  expect(await healthy(port)).toBe(1);
});

test('compose: no port but those of the loopback address, every wait has a health check, every secret and file is there', () => {
  const secrets = makeSecrets();
  expect(readdirSync(secrets).sort()).toEqual(Object.keys(compose.secrets).sort());
  for (const [name, { ports, depends_on, volumes, secrets: used }] of services) {
    for (const port of ports)
      expect([name, port]).toEqual([name, expect.stringMatching(/^127\.0\.0\.1:\d+:\d+$/)]);
    for (const [other, { condition }] of Object.entries(depends_on)) {
      expect(condition).toBe('service_healthy');
      expect(services.find(([found]) => found === other)?.[1].healthcheck).toBeDefined();
    }
    expect(Object.keys(compose.secrets)).toEqual(expect.arrayContaining(used) as string[]);
    for (const volume of volumes) {
      const source = volume.startsWith('$') ? '.' : (volume.split(':')[0] ?? '');
      const known = source.startsWith('.') ? existsSync(join(here, source)) : source in compose.volumes;
      expect([volume, known]).toEqual([volume, true]);
    }
  }
  for (const { file } of Object.values(compose.secrets)) {
    expect(file).toMatch(/^\.\/secrets\/\w+$/);
    // In git the folder would be one `git add` away from being published.
    expect(spawnSync('git', ['check-ignore', '-q', join(here, file)], { cwd: packageRoot }).status).not.toBe(
      1,
    );
  }
});

test('the secrets are closed to others on the host, and made only once', () => {
  const secrets = makeSecrets();
  const contents = () => readdirSync(secrets).map((name) => readFileSync(join(secrets, name), 'utf8'));
  const before = contents();
  expect(new Set(before).size).toBe(4);
  expect(statSync(secrets).mode & 0o777).toBe(0o700);
  makeSecrets();
  expect(contents()).toEqual(before);
});

test('compose: Millrace understands its settings, and they name the other two', () => {
  const secrets = makeSecrets();
  const { environment, ports } = compose.services.millrace;
  for (const name of Object.keys(environment)) {
    const option = Object.values<Option>(options).find(({ env }) => env === name.replace(/_FILE$/, ''));
    expect([name, option !== undefined]).toEqual([name, true]);
    if (name.endsWith('_FILE')) expect([name, option?.secret]).toEqual([name, true]);
  }
  const config = loadConfig(
    Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [name, value.replace('/run/secrets', secrets)]),
    ),
  );
  const postgres = compose.services.postgres.environment;
  expect(config).toMatchObject({
    dbPath: '/data/sports_data.db',
    redis: { host: 'redis', password: readFileSync(join(secrets, 'redis_password'), 'utf8') },
    http: { host: '0.0.0.0', port: 8611 },
  });
  const url = new URL(config.postgres?.connectionString ?? '');
  expect([url.username, url.hostname, url.pathname, url.password]).toEqual([
    postgres['POSTGRES_USER'],
    'postgres',
    `/${postgres['POSTGRES_DB'] ?? ''}`,
    readFileSync(join(secrets, 'postgres_password'), 'utf8'),
  ]);
  expect(ports).toEqual(['127.0.0.1:8611:8611']);
  expect(dockerfile).toContain('HTTP_PORT=8611');
});

test('compose: its Redis starts with the password, keeps everything, evicts nothing and tells the mirror', async () => {
  const secrets = makeSecrets();
  const port = await freePort();
  const conf = join(folder, 'redis.conf');
  const settings = readAsset('deploy/docker/redis.conf').replace(
    'dir /data',
    `dir ${folder}\nport ${String(port)}`,
  );
  writeFileSync(conf, settings);
  // As compose hands it over: `$$` is a dollar.
  const script = (compose.services.redis.command[0] ?? '')
    .replaceAll('$$', '$')
    .replaceAll('/run/secrets', secrets)
    .replace('/etc/redis.conf', conf);
  const binary = await findRedisServer({ cacheDir: defaultCacheDir(), log: () => undefined });
  const server = spawn('sh', ['-c', script.replace('redis-server', binary.path)], {
    env: { ...process.env, ...binary.env, LC_ALL: 'C' },
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => server.on('close', resolve));
  const password = readFileSync(join(secrets, 'redis_password'), 'utf8');
  const client = new Redis({ port, password, retryStrategy: () => 20 });
  client.on('error', () => undefined);
  try {
    await eventually(() => client.ping(), { alive: ended });
    const value = async (name: string) => ((await client.config('GET', name)) as string[])[1];
    expect(await value('requirepass')).toBe(password);
    expect(await value('appendonly')).toBe('yes');
    expect(await value('maxmemory-policy')).toBe('noeviction');
    expect(await inspectNotifications(client)).toBe('on');
    // The process is Redis itself, which gets the signals, and its arguments say nothing.
    if (process.platform === 'linux') {
      const shown = readFileSync(`/proc/${String(server.pid)}/cmdline`, 'utf8');
      expect(shown).toContain('redis');
      expect(shown).not.toContain(password);
    }
  } finally {
    client.disconnect();
    server.kill('SIGTERM');
  }
  expect(await ended).toBe(0);
});
