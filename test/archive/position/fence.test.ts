import { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { Checkpoint, Displaced } from '../../../src/archive/position/checkpoint';
import { PostgresConnection } from '../../../src/connections/postgres/postgres';
import { parsePostgresUrl } from '../../../src/connections/postgres/postgres-url';
import { eventually } from '../../support/eventually';
import { type TestDatabase, testPostgres } from '../../support/postgres';

/** Whoever writes has to be the owner in the very transaction that writes. */
let postgres: TestDatabase;
const connections: PostgresConnection[] = [];

beforeAll(async () => {
  postgres = await testPostgres();
});
beforeEach(async () => {
  await postgres.renew();
});
afterEach(() => {
  for (const connection of connections.splice(0)) connection.close();
});

function connect(): PostgresConnection {
  const target = parsePostgresUrl(postgres.url);
  if (typeof target === 'string') throw new Error(target);
  const connection = new PostgresConnection(target, 'test');
  connections.push(connection);
  return connection;
}

/** Writes a row and moves the position. */
const write = (connection: PostgresConnection, checkpoint: Checkpoint, entryId: string) =>
  connection.transaction(async (transaction) => {
    await checkpoint.fence(transaction, entryId);
    await transaction.execute('INSERT INTO models (name) VALUES ($1)', [entryId]);
  });
const stored = async () => ({
  position: (await postgres.query('SELECT entry_id FROM millrace.checkpoint'))[0]?.['entry_id'],
  rows: (await postgres.query('SELECT name FROM models ORDER BY id')).map(({ name }) => name),
});
const fallSilent = () =>
  postgres.query("UPDATE millrace.checkpoint SET heartbeat = heartbeat - interval '6 seconds'");

test('a displaced owner writes nothing, wherever it was when it was displaced', async () => {
  const [one, two] = [connect(), connect()];
  const [first, second] = [new Checkpoint(one), new Checkpoint(two)];
  expect(await first.claim()).toMatchObject({ owned: true });
  await write(one, first, '1-0');
  first.moved('1-0');
  expect(await second.claim()).toEqual({ owned: false, owner: first.me });
  await fallSilent();
  expect(await second.claim()).toMatchObject({ owned: true });
  await expect(write(one, first, '2-0')).rejects.toBeInstanceOf(Displaced);
  expect(first.owned).toBe(false);
  await expect(first.renew()).rejects.toBeInstanceOf(Displaced);
  expect(await stored()).toEqual({ position: '1-0', rows: ['1-0'] });
  await write(two, second, '3-0');
  expect(await stored()).toEqual({ position: '3-0', rows: ['1-0', '3-0'] });
});

test('an owner that fell silent before the clock of Postgres was put back is replaced as any other', async () => {
  const [first, second] = [new Checkpoint(connect()), new Checkpoint(connect())];
  await first.claim();
  await postgres.query("UPDATE millrace.checkpoint SET heartbeat = clock_timestamp() + interval '1 second'");
  expect(await second.claim()).toEqual({ owned: false, owner: first.me });
  await postgres.query("UPDATE millrace.checkpoint SET heartbeat = clock_timestamp() + interval '1 day'");
  expect(await second.claim()).toMatchObject({ owned: true });
});

test('an owner that is wrong about its position writes nothing', async () => {
  const one = connect();
  const first = new Checkpoint(one);
  await first.claim();
  await write(one, first, '1-0');
  // Not told that this is committed, it stands where it stood.
  await expect(write(one, first, '2-0')).rejects.toBeInstanceOf(Displaced);
  expect(await stored()).toEqual({ position: '1-0', rows: ['1-0'] });
});

test('nobody takes over from an owner in the middle of a transaction, however long it takes', async () => {
  const [one, two] = [connect(), connect()];
  const [first, second] = [new Checkpoint(one), new Checkpoint(two)];
  await first.claim();
  await fallSilent();
  let claim: Promise<unknown> | undefined;
  await one.transaction(async (transaction) => {
    await first.fence(transaction, '1-0');
    claim = second.claim();
    await transaction.execute('INSERT INTO models (name) VALUES ($1)', ['1-0']);
  });
  expect(await claim).toEqual({ owned: false, owner: first.me });
  expect(await stored()).toEqual({ position: '1-0', rows: ['1-0'] });
});

const sessions: Client[] = [];
afterEach(async () => {
  for (const session of sessions.splice(0)) await session.end();
});

/** A session that has moved the position and not committed. */
async function holdStream(): Promise<Client> {
  const session = new Client({ connectionString: postgres.url });
  session.on('error', () => undefined); // it is ended on purpose
  sessions.push(session);
  await session.connect();
  await session.query('BEGIN');
  await session.query('UPDATE millrace.checkpoint SET heartbeat = clock_timestamp()');
  return session;
}

test.each(['between two statements', 'in a COPY'])(
  'a session that froze %s with the stream in its hands is ended, and the stream taken over',
  async (where) => {
    await new Checkpoint(connect()).claim();
    await fallSilent();
    const session = await holdStream();
    if (where === 'in a COPY')
      session.query(copyFrom('COPY models (name) FROM STDIN')).on('error', () => undefined);
    const second = new Checkpoint(connect());
    await eventually(async () => expect(await second.claim()).toMatchObject({ owned: true }));
    await second.renew();
  },
);

test('a session that is busy for long with the stream in its hands is left to its work', async () => {
  const first = new Checkpoint(connect());
  await first.claim();
  await fallSilent();
  const session = await holdStream();
  const busy = session.query('SELECT pg_sleep(6)');
  const second = new Checkpoint(connect());
  const until = Date.now() + 6_000;
  while (Date.now() < until) expect(await second.claim()).toEqual({ owned: false, owner: first.me });
  await busy;
  await session.query('COMMIT');
});

test('when Postgres is restored to a time before a take-over, whoever takes over then is another owner than the one that goes on', async () => {
  const [before, one, two] = [connect(), connect(), connect()].map(
    (connection) => new Checkpoint(connection),
  );
  if (before === undefined || one === undefined || two === undefined) throw new Error('no checkpoints');
  await before.claim();
  const [backup] = await postgres.query('SELECT epoch, owner FROM millrace.checkpoint');
  await fallSilent();
  expect(await one.claim()).toMatchObject({ owned: true });
  await postgres.query(
    "UPDATE millrace.checkpoint SET epoch = $1, owner = $2, heartbeat = heartbeat - interval '1 day'",
    [backup?.['epoch'], backup?.['owner']],
  );
  expect(await two.claim()).toMatchObject({ owned: true });
  one.forget(); // its connections were lost
  await expect(one.reload()).rejects.toBeInstanceOf(Displaced);
  expect(one.owned).toBe(false);
  await two.renew();
});

test('a released stream is anybody’s at once, and a release that comes late takes it from nobody', async () => {
  const [first, second] = [new Checkpoint(connect()), new Checkpoint(connect())];
  await first.claim();
  await first.release();
  expect(await second.claim()).toMatchObject({ owned: true });
  await first.release();
  expect(await second.renew()).toEqual({ passRequested: false, parked: 0 });
});
