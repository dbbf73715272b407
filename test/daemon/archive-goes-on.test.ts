import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { loadConfig } from '../../src/config/load';
import { NominationQueue } from '../../src/archive/mirror/nomination-queue';
import { RedisConnection } from '../../src/connections/redis';
import type { Control } from '../../src/control/control';
import { answersTo, askForReload } from '../../src/control/reload-request';
import { runReloading } from '../../src/daemon/reloading';
import { useArchive } from '../archive/support/archive';
import { emptied } from '../archive/support/in-step';
import { keepLog } from '../support/daemon';
import { eventually } from '../support/eventually';
import { temporaryFolder } from '../support/temporary-folder';

const archive = useArchive();
const folder = temporaryFolder();
const [anotherFolder, changingFolder, endingFolder] = [
  temporaryFolder(),
  temporaryFolder(),
  temporaryFolder(),
];

const user = 'user: { key: "user:{id:int}", table: users, hash: { email: text } }';
const product = 'product: { from: products, key: "product:{id}", json: [id, name] }';
const name = 'name: { from: products, key: "name:{id}", string: name }';

// Whoever runs this from a terminal is not to have it fail.
jest.mock('../../src/foundation/early-hang-up', () => ({
  hasTerminal: () => false,
  heardHangUp: () => false,
}));

/** A daemon of both pipelines, in this process, that reads its file again when it is asked. */
function daemonIn(folder: string) {
  const path = join(folder, 'shop.db');
  const db = new Database(path);
  db.exec(
    "CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO products VALUES (1, 'Mug')",
  );
  const file = join(folder, 'millrace.yaml');
  const write = (documents: readonly string[], records: readonly string[]) => {
    const lines = ['version: 1', 'documents:', ...documents.map((one) => `  ${one}`), 'records:'];
    writeFileSync(file, [...lines, ...records.map((one) => `  ${one}`), ''].join('\n'));
  };
  write([product], [user]);
  const read = () =>
    loadConfig({ ...archive.environment(), DB_PATH: path, HTTP_PORT: '0', MILLRACE_CONFIG: file });
  let onceRead: (() => void) | undefined;
  const reread = () => {
    const config = read();
    onceRead?.();
    onceRead = undefined;
    return config;
  };
  const stop = new AbortController();
  const log = keepLog();
  let control: Control | undefined;
  const onRunning = (_url: string | undefined, now: Control) => (control = now);
  const running = runReloading({ config: read(), reread, log, signal: stop.signal, onRunning });
  const connection = new RedisConnection(read().redis, 'test');
  const events = (event: string, pipeline?: string) =>
    log.lines.filter(
      ({ fields }) =>
        fields['event'] === event && (pipeline === undefined || fields['pipeline'] === pipeline),
    );
  const reload = async () => {
    await connection.connect();
    const starts = events('start').length;
    const request = await askForReload(connection);
    await eventually(async () => (await answersTo(connection, request)).length === 1, { alive: running });
    await eventually(() => events('start').length === starts + 1, { alive: running });
  };
  /** Has the file read twice, the second time before the first is served. @param between writes what is read then */
  const reloadTwice = async (between: () => void) => {
    const reloads = events('reload').length;
    onceRead = () => {
      between();
      process.emit('SIGHUP');
    };
    process.emit('SIGHUP');
    await eventually(() => events('reload').length === reloads + 2, { alive: running });
  };
  return {
    ...{ db, write, log, running, events, reload, reloadTwice },
    status: () => control?.status(),
    stop: async () => {
      stop.abort();
      await running;
      connection.close();
      db.close();
    },
  };
}

test('where documents alone change, the archive goes on: no pass, no other owner, and no write that it misses', async () => {
  await emptied(archive.postgres);
  const daemon = daemonIn(folder);
  const { write, running, events, reload } = daemon;
  const { client } = archive.redis;
  await eventually(() => events('pass.done').length === 2, { alive: running });
  await eventually(() => daemon.status()?.archive?.mirror.state === 'listening', { alive: running });
  // Written without a word to anybody: only who listens all the time hears of each.
  let ids = 0;
  const writing = setInterval(() => {
    void client.hset(`user:${++ids}`, 'email', `${ids}@b.c`);
  }, 2);
  for (const documents of [[product, name], [product], [product, name]]) {
    write(documents, [user]);
    await reload();
  }
  clearInterval(writing);
  await eventually(async () => (await client.get('name:1')) === 'Mug', { alive: running });
  await eventually(
    async () => {
      expect(await archive.lines('SELECT count(*) FROM users')).toEqual([String(ids)]);
    },
    { alive: running },
  );
  expect(events('pass.start', 'archive')).toHaveLength(1);
  expect(daemon.status()?.archive).toMatchObject({ role: 'owner', incidents: [] });
  const { aliases, archive: status } = daemon.status() ?? {};
  expect([aliases?.lastPass, status?.lastPass, daemon.status()?.ready]).toEqual([
    expect.anything(),
    expect.anything(),
    true,
  ]);

  // Records that change have the archive begin anew, and documents that do not go on.
  const passes = events('pass.start', 'aliases').length;
  write([product, name], [user.replace('email: text', 'email: text, age: int')]);
  await client.hset('user:1', 'age', '7');
  await reload();
  await eventually(
    async () => expect(await archive.lines('SELECT age FROM users WHERE id = 1')).toEqual(['7']),
    {
      alive: running,
    },
  );
  daemon.db.exec("UPDATE products SET name = 'Cup'");
  await eventually(async () => (await client.get('name:1')) === 'Cup', { alive: running });
  expect(events('pass.start', 'aliases')).toHaveLength(passes);
  await daemon.stop();
  expect(events('stop')).toHaveLength(1);
  expect(await archive.lines('SELECT owner FROM millrace.checkpoint')).toEqual(['']);
}, 90_000);

test('a reload of records that comes while one of documents alone is under way has the archive begin anew all the same', async () => {
  await emptied(archive.postgres);
  const daemon = daemonIn(anotherFolder);
  const { write, running, events, reloadTwice } = daemon;
  await eventually(() => events('pass.done').length === 2, { alive: running });
  write([product, name], [user]);
  await reloadTwice(() => {
    write([product, name], [user, 'note: { key: "note:{id:int}", table: notes, hash: { text: text } }']);
  });
  await archive.redis.client.hset('note:1', 'text', 'Hello');
  await eventually(async () => expect(await archive.lines('SELECT text FROM notes')).toEqual(['Hello']), {
    alive: running,
  });
  await daemon.stop();
}, 60_000);

test('records that change, are new, or are none any more get a pass of their own or none; of the others nothing is missed meanwhile, a deletion neither', async () => {
  await emptied(archive.postgres);
  const daemon = daemonIn(changingFolder);
  const { write, running, events, reload } = daemon;
  const { client } = archive.redis;
  const plain = 'note: { key: "note:{id:int}", table: notes, hash: { text: text }, on_delete: delete }';
  write([product], [user, plain]);
  await eventually(() => events('pass.done').length === 2, { alive: running });
  const settled = async () => {
    await eventually(() => daemon.status()?.archive?.mirror.state === 'listening', { alive: running });
    await eventually(() => daemon.status()?.archive?.passRunning === false, { alive: running });
  };
  await settled();
  await reload();
  await settled();
  // Of this no event tells: a pass over the keys of notes would find it.
  await client.hset('note:0', 'text', 'lost');
  await eventually(async () =>
    expect(await archive.lines('SELECT text FROM notes WHERE id = 0')).toEqual(['lost']),
  );
  await archive.postgres.query("UPDATE notes SET text = 'of somebody else' WHERE id = 0");
  let at = 0;
  const writing = setInterval(() => {
    at += 1;
    void client.hset(`note:${at}`, 'text', String(at));
    void client.hset(`user:${at}`, 'email', `${at}@b.c`, 'age', at);
    if (at % 3 === 0) void client.del(`note:${at - 2}`);
  }, 2);
  const aged = user.replace('email: text', 'email: text, age: int');
  const word = 'word: { key: "word:{id:int}", table: words, string: { text: text } }';
  await client.set('word:1', 'before');
  const passes = () => events('pass.start', 'archive').map(({ fields }) => fields['of'] ?? 'all');
  const before = passes().length;
  for (const records of [[aged, plain], [aged, plain, word], [plain], [user, plain], [aged, plain]]) {
    write([product], records);
    await reload();
    await settled();
  }
  clearInterval(writing);
  const kept = Array.from({ length: at }, (_unused, n) => n + 1).filter((n) => n % 3 !== 1 || n + 2 > at);
  await eventually(
    async () => {
      expect(await archive.lines('SELECT id FROM notes WHERE id > 0 ORDER BY id')).toEqual(kept.map(String));
      expect(await archive.lines('SELECT id FROM users WHERE age = id ORDER BY id')).toEqual(
        Array.from({ length: at }, (_unused, n) => String(n + 1)),
      );
    },
    { alive: running },
  );
  expect(await archive.lines('SELECT text FROM words')).toEqual(['before']);
  expect(await archive.lines('SELECT text FROM notes WHERE id = 0')).toEqual(['of somebody else']);
  // Each of them once, or once more when the new mirror listens.
  expect([...new Set(passes().slice(before).map(String))]).toEqual(['user', 'word']);
  // Changes of users that were on their way when that record was none are told.
  const told = daemon.status()?.archive?.incidents.filter(({ what }) => !/changes? of user/.test(what));
  expect([daemon.status()?.archive?.role, told]).toEqual(['owner', []]);
  await daemon.stop();
}, 90_000);

test('a pass that is due once the mirror of before has ended is not forgotten where a reload comes before that', async () => {
  await emptied(archive.postgres);
  const daemon = daemonIn(endingFolder);
  const { write, running, events, reload } = daemon;
  const note = 'note: { key: "note:{id:int}", table: notes, hash: { text: text } }';
  const word = 'word: { key: "word:{id:int}", table: words, string: { text: text } }';
  const listens = () =>
    eventually(() => daemon.status()?.archive?.mirror.state === 'listening', { alive: running });
  await listens();
  await eventually(() => daemon.status()?.archive?.passRunning === false, { alive: running });
  await archive.redis.client.hset('note:1', 'text', 'mine');
  // What the first mirror has heard is slow to go, until the second one ends as well.
  const close = Reflect.get<NominationQueue, 'close'>(NominationQueue.prototype, 'close');
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const closed = new Set<NominationQueue>();
  const closing = jest.spyOn(NominationQueue.prototype, 'close');
  closing.mockImplementation(async function (this: NominationQueue) {
    closed.add(this);
    const [first] = closed;
    if (this === first) await held;
    else release();
    await close.call(this);
  });
  write([product], [user, note]);
  await reload();
  await listens();
  await eventually(() => events('pass.done').length === 3, { alive: running });
  await eventually(async () => expect(await archive.lines('SELECT text FROM notes')).toEqual(['mine']));
  // As if it had been written after that pass, and before anybody heard of notes.
  await archive.postgres.query("UPDATE notes SET text = 'before'");
  write([product], [user, note, word]);
  await reload();
  await archive.becomes('SELECT text FROM notes', ['mine']);
  closing.mockRestore();
  await daemon.stop();
}, 60_000);
