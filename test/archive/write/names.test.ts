import { eventually } from '../../support/eventually';
import { plainModel, plainVersion } from '../../support/plain-writer';
import { useArchive } from '../support/archive';

// Unique rules that compare otherwise than `=`, and columns that Postgres changes on write.

const archive = useArchive();
const { start, becomes, lines, letters, pass, differences } = archive;
const query = (sql: string) => archive.postgres.query(sql);

/** `ResNet` and `resnet` are one name. */
const rules: readonly (readonly [string, string])[] = [
  ['an index on lower(name)', 'CREATE UNIQUE INDEX ON models (lower(name))'],
  [
    'citext',
    'CREATE EXTENSION IF NOT EXISTS citext SCHEMA public; ALTER TABLE models ALTER name TYPE citext',
  ],
  [
    'a collation',
    `CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
     ALTER TABLE models ALTER name TYPE text COLLATE nocase`,
  ],
  [
    'a partial index over another column as well',
    `ALTER TABLE models ADD gone timestamptz; CREATE UNIQUE INDEX ON models (lower(name), task_type) WHERE gone IS NULL`,
  ],
  [
    'a generated column',
    'ALTER TABLE models ADD plain text GENERATED ALWAYS AS (lower(name)) STORED; CREATE UNIQUE INDEX ON models (plain)',
  ],
  ['an exclusion constraint', 'ALTER TABLE models ADD EXCLUDE (lower(name) WITH =)'],
  [
    'a trigger before it',
    `CREATE FUNCTION low() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := lower(trim(NEW.name)); RETURN NEW; END $$;
     CREATE TRIGGER low BEFORE INSERT OR UPDATE ON models FOR EACH ROW EXECUTE FUNCTION low()`,
  ],
];
const forms = rules.flatMap(([rule, sql]) =>
  ['skip', 'overwrite', 'merge'].map((strategy) => [rule, strategy, sql] as const),
);

test.each(forms)(
  'two spellings that %s takes for one name go by ON_CONFLICT=%s',
  async (_rule, strategy, sql) => {
    const { client } = archive.redis;
    const first = await start({ ON_CONFLICT: strategy });
    await query(sql);
    await plainModel(client, { name: 'ResNet', description: 'old', created_at: '2026-01-01T00:00:00' });
    await becomes('SELECT description FROM models', ['old']);
    const second = await plainModel(client, {
      name: 'resnet',
      description: 'new',
      architecture: 'cnn',
      created_at: '2026-01-02T00:00:00',
    });
    await plainVersion(client, second, { version: '7' });
    await becomes(
      'SELECT m.description, m.architecture, v.version FROM models m JOIN model_versions v ON v.model_id = m.id',
      [{ skip: 'old||7', overwrite: 'new|cnn|7', merge: 'old|cnn|7' }[strategy] ?? ''],
    );
    await eventually(async () => expect(await letters()).toEqual([]));
    await pass(first);
    await eventually(async () => expect(await differences()).toEqual({}));
    expect(await lines(`SELECT count(DISTINCT pg_id) FROM millrace.id_map WHERE kind = 'model'`)).toEqual([
      '1',
    ]);
  },
);

test('a unique index that says nothing of names parks, and is named', async () => {
  const daemon = await start();
  await query('CREATE UNIQUE INDEX one_architecture ON models (architecture)');
  await plainModel(archive.redis.client, { name: 'a', architecture: 'cnn' });
  await plainModel(archive.redis.client, { name: 'b', architecture: 'cnn' });
  await eventually(async () =>
    expect((await letters())[0]?.message).toContain('constraint one_architecture'),
  );
  expect((await daemon.status()).archive.failure).toBeNull();
});
