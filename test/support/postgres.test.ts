import { askPostgres } from './ask-postgres';
import { ownPostgres, type OwnPostgres, testPostgres, type TestPostgres } from './postgres';

describe('testPostgres', () => {
  let one: TestPostgres;
  let two: TestPostgres;
  beforeAll(async () => {
    [one, two] = await Promise.all([testPostgres(), testPostgres()]);
  });

  it('gives a database of its own on one server', async () => {
    await one.query('CREATE TABLE mine (id int)');
    await one.query('INSERT INTO mine VALUES ($1), ($2)', [1, 2]);
    expect(await one.query('SELECT id FROM mine WHERE id > $1', [1])).toEqual([{ id: 2 }]);
    expect(await two.query(`SELECT to_regclass('mine') AS found`)).toEqual([{ found: null }]);
    const started = 'SELECT pg_postmaster_start_time()::text AS at';
    expect(await one.query(started)).toEqual(await two.query(started));
  });

  it('has room for many connections', async () => {
    expect(await one.query('SHOW max_connections')).toEqual([{ max_connections: '200' }]);
  });
});

describe('ownPostgres', () => {
  let own: OwnPostgres;
  beforeAll(async () => {
    own = await ownPostgres({ extraSettings: { work_mem: '5MB' } });
    await own.query('CREATE TABLE kept AS SELECT 42 AS answer');
  });

  it.each(['stopped', 'killed'])(
    'keeps its data, its URL and its settings when %s and restarted',
    async (how) => {
      const { pid } = own.server;
      if (how === 'killed') {
        own.server.kill('SIGKILL');
        await own.server.exited;
      }
      await own.restart();
      expect(own.server.pid).not.toBe(pid);
      expect(await own.query('SELECT * FROM kept')).toEqual([{ answer: 42 }]);
      expect(await askPostgres(own.url, 'SHOW work_mem')).toEqual([{ work_mem: '5MB' }]);
    },
  );
});
