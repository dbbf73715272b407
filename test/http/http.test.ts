import {
  type ClientRequest,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { startDaemon, type TestDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { aliasDatabase } from '../support/alias-database';
import { temporaryFolder } from '../support/temporary-folder';
import { testRedis, type TestRedis } from '../support/stores';

const folder = temporaryFolder();
let redis: TestRedis;
let db: Database.Database;
let daemon: TestDaemon;
let settings: Readonly<Record<string, string>>;
const token = 'four-and-twenty-blackbirds';
const restarted = (changes: Readonly<Record<string, string>>) => startDaemon({ ...settings, ...changes });

beforeAll(async () => {
  redis = await testRedis();
});
beforeEach(async () => {
  await redis.client.flushall();
  const path = join(folder, `http-${String(Date.now())}.db`);
  db = aliasDatabase(path);
  db.exec("INSERT INTO team_aliases VALUES (1, 'a'), (NULL, 'b'), (2, NULL), (3, x'00')");
  settings = { REDIS_URL: redis.url, DB_PATH: path, SYNC_INTERVAL: '3600' };
  daemon = await startDaemon(settings);
});
afterEach(() => {
  db.close();
});

const get = (route: string) => fetch(`${daemon.url}${route}`);

test('/healthz answers, /readyz succeeds once the first pass is complete', async () => {
  expect((await get('/healthz')).status).toBe(200);
  expect(await (await get('/readyz')).json()).toEqual({ ready: true, reasons: [] });
});

test('/metrics counts what was applied, the pass, its differences and the rows without a key', async () => {
  db.exec("INSERT INTO team_aliases VALUES (2, 'c')");
  await eventually(async () => {
    const text = await (await get('/metrics')).text();
    expect(text).toContain('millrace_records_applied_total{pipeline="aliases",kind="team",op="add"} 2');
    expect(text).toContain('millrace_reconcile_differences_total{pipeline="aliases",kind="team"} 1');
    expect(text).toContain('millrace_records_skipped{pipeline="aliases",kind="team"} 3');
    expect(text).toMatch(/millrace_pass_duration_seconds\{pipeline="aliases"\} \d+\.\d+/);
    expect(text).toMatch(/millrace_end_to_end_latency_seconds_count\{pipeline="aliases"\} 1/);
    expect(text).toContain('millrace_ready 1');
  });
});

test('/readyz fails within seconds with the reason when a store is gone, and recovers with it', async () => {
  redis.server.kill('SIGSTOP');
  try {
    await eventually(
      async () => {
        const reply = await get('/readyz');
        expect(reply.status).toBe(503);
        expect(JSON.stringify(await reply.json())).toMatch(/E_REDIS_UNREACHABLE|no progress/);
      },
      { within: 8_000 },
    );
  } finally {
    redis.server.kill('SIGCONT');
  }
  await eventually(async () => expect((await get('/readyz')).status).toBe(200));
});

test('the endpoint listens on the loopback address only', () => {
  expect(daemon.url).toMatch(/^http:\/\/127\.0\.0\.1:/);
});

/** What fetch does not let be said: Host, Origin. */
function ask(
  path: string,
  headers: Readonly<Record<string, string>> = {},
  { method = 'GET', body = '' }: { readonly method?: string; readonly body?: string } = {},
): Promise<{ readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${daemon.url}${path}`, { method, headers, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

const json = { 'content-type': 'application/json' };
const bearer = (value: string) => ({ ...json, authorization: `Bearer ${value}` });
const post = (path: string, headers: Readonly<Record<string, string>>, body = '{}') =>
  ask(path, headers, { method: 'POST', body });
const routes = [
  '/',
  '/assets/main.js',
  '/status',
  '/healthz',
  '/readyz',
  '/metrics',
  '/api/history',
  '/api/live',
  '/api/mappings',
  '/none',
];

test('a request by a name that is not ours is refused on every route: DNS rebinding', async () => {
  for (const route of routes) {
    for (const host of ['evil.example', 'evil.example:8611', 'localhost.evil.example', 'a b']) {
      const { status, text } = await ask(route, { host });
      expect([route, host, status]).toEqual([route, host, 403]);
      expect(text).toContain('E_HTTP_HOST');
    }
  }
  for (const host of ['localhost', 'LOCALHOST:1234', '127.0.0.1', '[::1]:8611', '192.168.1.5'])
    expect([host, (await ask('/', { host })).status]).toEqual([host, 200]);
});

test('asked by another name that is allowed, or by an address of the network, it wants the token for what is data', async () => {
  await daemon.stop();
  daemon = await restarted({ HTTP_ALLOWED_HOSTS: 'Dash.example, other', MILLRACE_TOKEN: token });
  for (const host of ['dash.example', '192.168.1.5:8611']) {
    for (const path of [
      '/status',
      '/api/history',
      '/api/dead-letters',
      '/api/live',
      '/api/mappings',
      '/api/mappings/team',
    ]) {
      expect([path, (await ask(path, { host })).status]).toEqual([path, 401]);
    }
    expect((await ask('/', { host })).status).toBe(200);
    expect(JSON.parse((await ask('/api/access', { host })).text)).toEqual({ actions: true, open: false });
    expect((await ask('/status', { host, ...bearer(token) })).status).toBe(200);
  }
});

test('beyond the loopback interface, probes and Prometheus may come by any name; without a token nobody else may look', async () => {
  await daemon.stop();
  daemon = await restarted({ HTTP_HOST: '0.0.0.0' });
  daemon = { ...daemon, url: daemon.url.replace('0.0.0.0', '127.0.0.1') };
  for (const path of ['/healthz', '/readyz', '/metrics'])
    expect([path, (await ask(path, { host: 'millrace:8611' })).status]).toEqual([path, 200]);
  for (const path of ['/', '/status', '/api/history'])
    expect([path, (await ask(path, { host: 'millrace:8611' })).status]).toEqual([path, 403]);
  expect((await ask('/status', { host: '192.168.1.5' })).text).toContain('E_HTTP_NO_TOKEN');
  expect((await ask('/status')).status).toBe(200);
});

describe('with a token', () => {
  beforeEach(async () => {
    await daemon.stop();
    daemon = await restarted({ MILLRACE_TOKEN: token });
  });
  const pause = '/api/pipelines/aliases/pause';

  test('an action needs it, as JSON, from a page of ours; nothing happens otherwise', async () => {
    const refused: [Readonly<Record<string, string>>, number, string][] = [
      [json, 401, 'E_HTTP_TOKEN'],
      [bearer('wrong'), 401, 'E_HTTP_TOKEN'],
      [{ ...json, cookie: `millrace-token=${token}` }, 401, 'E_HTTP_TOKEN'],
      [{ ...bearer(token), origin: 'https://evil.example' }, 403, 'E_HTTP_ORIGIN'],
      [{ ...bearer(token), origin: 'null' }, 403, 'E_HTTP_ORIGIN'],
      [{ ...bearer(token), 'sec-fetch-site': 'cross-site' }, 403, 'E_HTTP_ORIGIN'],
      [{ ...bearer(token), 'sec-fetch-site': 'same-site' }, 403, 'E_HTTP_ORIGIN'],
      [{ ...bearer(token), 'content-type': 'text/plain' }, 415, 'E_HTTP_REQUEST'],
      [{ ...bearer(token), 'content-type': 'application/x-www-form-urlencoded' }, 415, 'E_HTTP_REQUEST'],
    ];
    for (const [headers, status, code] of refused) {
      const reply = await post(pause, headers);
      expect([headers, reply.status]).toEqual([headers, status]);
      expect(JSON.parse(reply.text)).toMatchObject({ code, message: expect.any(String) as string });
      expect(reply.headers['access-control-allow-origin']).toBeUndefined();
    }
    expect((await daemon.status()).aliases.paused).toBeNull();
    expect((await post(pause, { ...bearer(token), origin: daemon.url })).status).toBe(200);
    await eventually(async () => expect((await daemon.status()).aliases.paused?.by).toContain('dashboard'));
  });

  test('what cannot be done is told with its code', async () => {
    const answers = async (path: string, body?: string) => {
      const { status, text } = await post(path, bearer(token), body);
      return [status, (JSON.parse(text) as { code?: string }).code];
    };
    expect(await answers('/api/pipelines/archive/pause')).toEqual([409, 'E_NOT_RUN']);
    expect(await answers('/api/pipelines/other/pause')).toEqual([404, 'E_HTTP_REQUEST']);
    expect(await answers('/api/pipelines/aliases/drop')).toEqual([404, 'E_HTTP_REQUEST']);
    expect(await answers('/api/dead-letters/retry')).toEqual([400, 'E_HTTP_REQUEST']);
    expect(await answers('/api/dead-letters/retry', '{"ids":["1; DROP TABLE models"]}')).toEqual([
      400,
      'E_HTTP_REQUEST',
    ]);
    expect(await answers('/api/dead-letters/retry', '{"all":true}')).toEqual([409, 'E_NOT_RUN']);
    expect(await answers('/api/dead-letters/retry', '{"all":')).toEqual([400, 'E_HTTP_REQUEST']);
    expect(await answers('/api/dead-letters/retry', 'x'.repeat(70_000))).toEqual([413, 'E_HTTP_REQUEST']);
    expect(await answers(pause)).toEqual([200, undefined]);
    await eventually(async () => expect((await daemon.status()).aliases.paused).not.toBeNull());
    expect(await answers('/api/pipelines/aliases/reconcile')).toEqual([409, 'E_PAUSED']);
    expect(await answers('/api/pipelines/aliases/resume')).toEqual([200, undefined]);
  });

  test('whoever guesses is told to wait, and locks nobody out who has the token', async () => {
    for (let guess = 0; guess < 10; guess++)
      expect((await post('/api/access', bearer(`guess ${guess}`))).status).toBe(401);
    const reply = await post('/api/access', bearer('another guess'));
    expect([reply.status, reply.headers['retry-after']]).toEqual([429, '60']);
    expect((await post('/api/access', bearer(token))).status).toBe(200);
    expect((await post('/api/access', bearer('another guess'))).status).toBe(429);
  });

  test('neither the token nor a password is in anything that is told', async () => {
    await post('/api/access', bearer('wrong'));
    const told = await Promise.all(
      ['/status', '/metrics', '/api/history', '/api/access'].map((path) => ask(path)),
    );
    expect(told.map(({ text }) => text).join('\n') + JSON.stringify(daemon.log.lines)).not.toContain(token);
  });
});

test('no answer may be framed, sniffed or given scripts', async () => {
  for (const path of ['/', '/assets/main.js', '/status', '/api/history', '/none', 'refused']) {
    const { headers } = path === 'refused' ? await ask('/', { host: 'evil.example' }) : await ask(path);
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none';script-src 'self';style-src 'self';/,
    );
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(headers['content-security-policy']).not.toContain('unsafe');
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
    });
  }
});

test('the files of the page are those, and no path leads out of them', async () => {
  const page = await ask('/');
  expect(page.text).toContain('<title>Millrace</title>');
  expect((await ask('/', { 'if-none-match': page.headers.etag ?? '' })).status).toBe(304);
  for (const path of [
    '/assets/../http.ts',
    '/assets/%2e%2e/http.ts',
    '/assets/..%2fhttp.ts',
    '/assets/',
    '/package.json',
  ])
    expect([path, (await ask(path)).status]).toEqual([path, 404]);
});

describe('live events', () => {
  const streams: ClientRequest[] = [];
  afterEach(() => {
    for (const stream of streams.splice(0)) stream.destroy();
  });
  const listen = (headers: Readonly<Record<string, string>> = {}) =>
    new Promise<{ readonly status: number; readonly response: IncomingMessage }>((resolve, reject) => {
      const request = httpRequest(`${daemon.url}/api/live`, { agent: false, headers }, (response) => {
        resolve({ status: response.statusCode ?? 0, response });
      });
      request.on('error', reject);
      streams.push(request);
      request.end();
    });

  test('tell the state at once and then about once a second, to several at a time', async () => {
    const texts = ['', ''];
    for (const index of [0, 1]) {
      const { response } = await listen();
      response.on('data', (chunk: Buffer) => (texts[index] = `${texts[index] ?? ''}${chunk.toString()}`));
    }
    await eventually(() => {
      for (const text of texts) expect(text.match(/^event: status$/gm)?.length).toBeGreaterThan(1);
    });
    const data = /^data: (.*)$/m.exec(texts[0] ?? '')?.[1] ?? '';
    expect(JSON.parse(data)).toMatchObject({ at: expect.any(Number) as number, status: { ready: true } });
  });

  test('are for 16 of this machine, and 32 in all: who has the token finds room', async () => {
    await daemon.stop();
    daemon = await restarted({ MILLRACE_TOKEN: token });
    for (let opened = 0; opened < 16; opened++) expect((await listen()).status).toBe(200);
    expect((await listen()).status).toBe(503);
    expect((await listen(bearer('wrong'))).status).toBe(503);
    for (let opened = 0; opened < 16; opened++) expect((await listen(bearer(token))).status).toBe(200);
    expect((await listen(bearer(token))).status).toBe(503);
    streams[0]?.destroy();
    await eventually(async () => expect((await listen()).status).toBe(200));
  });

  test('do not hold up the stop', async () => {
    for (let opened = 0; opened < 5; opened++) (await listen()).response.on('error', () => undefined);
    for (const stream of streams) stream.on('error', () => undefined);
    const before = Date.now();
    await daemon.stop();
    expect(Date.now() - before).toBeLessThan(2_000);
  });
});

describe('a client that never finishes', () => {
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });
  const saying = (text: string): Promise<{ ended: boolean }> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(daemon.url);
      const socket = connect(Number(port), hostname, () => {
        const state = { ended: false };
        socket.on('close', () => (state.ended = true));
        socket.write(text);
        resolve(state);
      });
      socket.on('error', reject);
      socket.resume();
      sockets.push(socket);
    });
  const unfinished: Readonly<Record<string, string>> = {
    nothing: '',
    'half a line': 'GET /hea',
    'half of its headers': 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ',
    'half a body':
      'POST /api/access HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
  };

  test('does not keep others out, however many there are, and is let go', async () => {
    const all = await Promise.all(
      Array.from({ length: 100 }, () => Object.values(unfinished).map(saying)).flat(),
    );
    expect(await (await get('/healthz')).json()).toEqual({ status: 'alive' });
    await eventually(() => all.filter(({ ended }) => !ended).length <= 200);
    await eventually(() => all.every(({ ended }) => ended), { within: 20_000 });
  }, 40_000);
});
