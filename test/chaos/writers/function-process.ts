/** The application that writes records by the functions, each of them with its entry in the stream. See setting.ts. */
import { once } from 'node:events';
import Redis from 'ioredis';
import { ModelStore } from '../../../src/writer/model-store';
import { Journal } from '../journal';
import { randomOf } from '../random';
import { settingOf, writeUntilTold } from './setting';

const { round, life, journal: path, seed, redisUrl, pace } = settingOf(process.argv[2]);
const random = randomOf(seed).named(`functions ${life}`);
const journal = new Journal(path);
const client = new Redis(redisUrl, {
  retryStrategy: () => 20,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
});
client.on('error', () => undefined);
const store = new ModelStore(client);
let count = 0;
let parents: { readonly version: number; readonly run: number; readonly name: string } | undefined;

const named = (): string => `${round}.f${life}.${String(++count)}`;

async function parentsNow() {
  if (parents !== undefined && random.next() > 0.01) {
    if ((await client.exists(`aidb:version:${parents.version}`, `aidb:run:${parents.run}`)) === 2)
      return parents;
  }
  const name = named();
  const modelId = await store.createModel({ name });
  const version = await store.createModelVersion({ modelId, version: name });
  const run = await store.createTrainingRun({ modelVersionId: version, runName: name, status: 'begun' });
  parents = { version, run, name };
  return parents;
}

async function turn(): Promise<void> {
  const name = named();
  const dice = random.next();
  if (dice < 0.3) {
    const names = [1, 2, 3].map((n) => `${name}.${n}`);
    await journal.note({ once: names }, async () => {
      const { version: modelVersionId } = await parentsNow();
      await store.logPredictions(names.map((chaos) => ({ modelVersionId, input: { chaos }, output: {} })));
    });
  } else if (dice < 0.5) {
    // Only the stream has it afterwards.
    await journal.note({ once: [name] }, async () => {
      const { version: modelVersionId } = await parentsNow();
      const id = await store.logPrediction({ modelVersionId, input: { chaos: name }, output: {} });
      await client.unlink(`aidb:prediction:${id}`);
    });
  } else if (dice < 0.85) {
    const key = `cart:${round}-f${random.between(1, 25)}`;
    await journal.note({ keys: [[key, name]] }, () =>
      client.fcall('millrace_hset', 1, key, 'v', name, 'note', 'function'),
    );
  } else {
    const run = await parentsNow().catch(() => undefined);
    if (run === undefined) return;
    await journal.note({ keys: [[`run:${run.name}`, name]] }, async () => {
      if (!(await store.updateTrainingRun(run.run, { status: name }))) throw new Error('the run is gone');
    });
  }
}

void once(client, 'ready')
  .then(() => writeUntilTold(pace, turn))
  .then(() => {
    client.disconnect();
    journal.close();
  });
