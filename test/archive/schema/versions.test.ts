import { rmSync } from 'node:fs';
import { startPostgres } from '../../../src/embedded/postgres/postgres';
import { postgresBinaries, postgresMajors } from '../../support/postgres-versions';
import { postgresFolder } from '../../support/shared-postgres';
import { describeError } from '../../../src/foundation/errors';
import { connectTo, fingerprint, putFoundTables, texts } from './support/databases';
import { examineSchema, migrate } from './support/schema';

jest.setTimeout(180_000);

/** undefined, and said loudly, where this version cannot be had. */
async function binaries(major: (typeof postgresMajors)[number]): Promise<string | undefined> {
  try {
    return await postgresBinaries(major);
  } catch (error) {
    process.stderr.write(`SKIPPED on Postgres ${major}: ${describeError(error).message}\n`);
    return undefined;
  }
}

test.each(postgresMajors)(
  'Postgres %s: made, adopted, examined, and the references are checked',
  async (major) => {
    const binDir = await binaries(major);
    if (binDir === undefined) return;
    const dataDir = postgresFolder();
    const server = await startPostgres({ dataDir, persist: false, binDir });
    try {
      const admin = await connectTo(server.url);
      await admin.query('CREATE DATABASE fresh');
      await admin.query('CREATE DATABASE found');
      const to = (database: string) =>
        connectTo(Object.assign(new URL(server.url), { pathname: `/${database}` }).href);

      const fresh = await to('fresh');
      await migrate(fresh);
      const examined = await examineSchema(fresh);
      expect(Math.floor(examined.server.versionNumber / 10_000)).toBe(major);
      expect(examined.problems).toEqual([]);
      await expect(
        fresh.query('INSERT INTO predictions (model_version_id) VALUES (1)'),
      ).rejects.toMatchObject({ code: '23503' });
      await fresh.query(`INSERT INTO model_versions (version) VALUES ('1')`);
      await fresh.query('INSERT INTO predictions (model_version_id) VALUES (1)');
      await expect(fresh.query('DELETE FROM model_versions')).rejects.toMatchObject({ code: '23503' });

      const found = await to('found');
      await putFoundTables(found);
      expect((await migrate(found)).adopted).toHaveLength(9);
      expect((await examineSchema(found)).problems).toEqual([]);
      expect(await texts(found, 'SELECT count(*) FROM recent_predictions')).toEqual(['500']);
      const before = await fingerprint(found);
      expect((await migrate(found)).steps).toEqual([]);
      expect(await fingerprint(found)).toEqual(before);
      for (const client of [admin, fresh, found]) await client.end();
    } finally {
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    }
  },
);
