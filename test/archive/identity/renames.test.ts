import type { TestDaemon } from '../../support/daemon';
import { eventually } from '../../support/eventually';
import { plainModel } from '../../support/plain-writer';
import { useArchive } from '../support/archive';

const archive = useArchive();
const { start, becomes, letters, untilParked, pass, differences } = archive;

describe('a record that is renamed in Redis', () => {
  const names = 'SELECT id, name, description FROM models ORDER BY id';
  let one: number;
  let two: number;
  let daemon: TestDaemon;
  beforeEach(async () => {
    daemon = await start();
    one = await plainModel(archive.redis.client, { name: 'one', description: '1' });
    two = await plainModel(archive.redis.client, { name: 'two', description: '2' });
    await becomes(names, ['1|one|1', '2|two|2']);
  });
  const rename = (id: number, name: string) => archive.redis.client.hset(`aidb:model:${id}`, 'name', name);

  test('keeps its row under the new name, and a new record may have the old one at once', async () => {
    const { client } = archive.redis;
    await client
      .multi()
      .hset(`aidb:model:${one}`, 'name', 'uno')
      .hset('aidb:model:3', { id: '3', name: 'one', description: '3', created_at: '2026-01-01T00:00:09' })
      .exec();
    await becomes(names, ['1|uno|1', '2|two|2', '3|one|3']);
    await eventually(async () => expect(await differences()).toEqual({}));
  });

  test('to a name that another has is parked with the reason, and nothing else is lost', async () => {
    await archive.redis.client
      .multi()
      .hset(`aidb:model:${one}`, 'name', 'two')
      .hset(`aidb:model:${two}`, 'description', 'changed')
      .exec();
    await untilParked('aidb:model:1');
    const [letter] = await letters();
    expect(letter).toMatchObject({ code: '23505', column_name: 'name', waiting_for: 'model:2' });
    expect(letter?.message).toMatch(/the name already belongs to row 2 of .*models.*, which is model 2/);
    await becomes(names, ['1|one|1', '2|two|changed']);
    // Released as soon as the name is free.
    await rename(two, 'three');
    await becomes(names, ['1|two|1', '2|three|changed']);
    await untilParked();
  });

  test('to a name of another program waits until that is free, or is renamed again', async () => {
    await archive.postgres.query(`INSERT INTO models (id, name) VALUES (50, 'theirs')`);
    await rename(one, 'theirs');
    await untilParked('aidb:model:1');
    expect((await letters())[0]?.waiting_for).toBeNull();
    await rename(two, 'theirs');
    await untilParked('aidb:model:1', 'aidb:model:2');
    await rename(one, 'uno');
    await becomes(names, ['1|uno|1', '2|two|2', '50|theirs|']);
    await untilParked('aidb:model:2');
    await archive.postgres.query('DELETE FROM models WHERE id = 50');
    await pass(daemon);
    await becomes(names, ['1|uno|1', '2|theirs|2']);
    await untilParked();
  });

  test('may exchange names with others', async () => {
    const three = await plainModel(archive.redis.client, { name: 'three', description: '3' });
    await becomes('SELECT count(*) FROM models', ['3']);
    await archive.redis.client
      .multi()
      .hset(`aidb:model:${one}`, 'name', 'two')
      .hset(`aidb:model:${two}`, 'name', 'three')
      .hset(`aidb:model:${three}`, 'name', 'one')
      .exec();
    await becomes(names, ['1|two|1', '2|three|2', '3|one|3']);
    expect(await letters()).toEqual([]);
  });
});
