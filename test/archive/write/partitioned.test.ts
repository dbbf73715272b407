import { plainModel, plainPrediction, plainVersion } from '../../support/plain-writer';
import { useArchive } from '../support/archive';

// A table that was there before, partitioned by time.

const archive = useArchive();
const { start, becomes, letters, pass } = archive;

test('predictions land in partitions, each once, and are deleted there', async () => {
  const { client } = archive.redis;
  await (await start()).stop(); // makes the tables
  await archive.postgres.query(`
    DROP SCHEMA millrace CASCADE; CREATE TABLE partitioned (LIKE predictions) PARTITION BY RANGE ("timestamp");
    DROP TABLE predictions; ALTER TABLE partitioned RENAME TO predictions;
    CREATE SEQUENCE numbers OWNED BY predictions.id; ALTER TABLE predictions ALTER id SET DEFAULT nextval('numbers');
    CREATE TABLE predictions_old PARTITION OF predictions FOR VALUES FROM (MINVALUE) TO ('2026-02-01');
    CREATE TABLE predictions_new PARTITION OF predictions DEFAULT`);
  const version = await plainVersion(client, await plainModel(client));
  const daemon = await start({ ON_DELETE: 'delete' });
  const stamps = ['2026-01-01T00:00:00', '2026-03-01T00:00:00'];
  for (const timestamp of stamps) await plainPrediction(client, version, { timestamp });
  await archive.store.logPredictions(
    [0.5, 0.75].map((confidence) => ({ modelVersionId: version, confidence })),
  );
  await becomes('SELECT redis_id FROM predictions ORDER BY 1', ['1', '2', '3', '4']);
  await becomes('SELECT redis_id FROM predictions_old', ['1']);
  for (let at = 0; at < 2; at++) expect((await pass(daemon)).differences).toEqual({});
  await client.del('aidb:prediction:1');
  await becomes('SELECT redis_id FROM predictions ORDER BY 1', ['2', '3', '4']);
  expect(await letters()).toEqual([]);
});
