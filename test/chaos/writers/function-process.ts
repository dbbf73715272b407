/** The application that writes records by the functions, each of them with its entry in the stream. See setting.ts. */
import { ModelStore } from '../../../src/writer/model-store';
import { recordWriter } from './record-writer';

const writer = recordWriter('functions', async (_redis, name) => {
  const modelId = await store.createModel({ name });
  const version = await store.createModelVersion({ modelId, version: name });
  return {
    version,
    run: await store.createTrainingRun({ modelVersionId: version, runName: name, status: 'begun' }),
  };
});
const { client, journal, random, cart, named, parentsNow, run } = writer;
const store = new ModelStore(client);

run(async () => {
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
    const key = cart();
    await journal.note({ keys: [[key, name]] }, () =>
      client.fcall('millrace_hset', 1, key, 'v', name, 'note', 'function'),
    );
  } else {
    const parents = await parentsNow().catch(() => undefined);
    if (parents === undefined) return;
    await journal.note({ keys: [[`run:${parents.name}`, name]] }, async () => {
      if (!(await store.updateTrainingRun(parents.run, { status: name }))) throw new Error('the run is gone');
    });
  }
});
