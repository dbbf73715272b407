/** Everything with one call: a real Redis, a real PostgreSQL and a sample database, for as long as it runs. */
import { Millrace, ModelStore } from 'millrace';

async function main(): Promise<void> {
  // Their data stays in .millrace/, so that the next start finds it again.
  await using millrace = new Millrace({
    embedded: true,
    log: ({ level, message }) => {
      if (level !== 'info') console.log(message);
    },
  });
  await millrace.start();
  const { redisUrl = '', postgresUrl = '', dbPath = '' } = millrace.addresses ?? {};
  const [redis, postgres] = [redisUrl, postgresUrl].map((url) => url.replace(/:[^:/@]*@/, ':…@'));
  console.log(`Redis ${redis}, Postgres ${postgres}, SQLite ${dbPath}`);

  const store = new ModelStore(redisUrl);
  await store.createModel({ name: 'ResNet50', taskType: 'classification' });
  store.close();
  const { errors } = await millrace.fullSync();
  const { total } = await millrace.syncAliases();
  console.log(`In step: ${total} aliases, ${errors} parked records`);
}

void main();
