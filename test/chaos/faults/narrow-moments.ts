/** Moments that chance seldom meets, each of them brought about: by these the mutants are found, every time. */
import { checkpointKey } from '../../../src/aliases/sink/checkpoint';
import { changesStream } from '../../../src/writer/keys';
import { ModelStore } from '../../../src/writer/model-store';
import { plainModel, plainPrediction, plainVersion } from '../../support/plain-writer';
import { type Scene, waitFor } from '../scene/scene';
import { type Moment, pull } from './daemon-moments';
import type { Fault } from './fault';
import { appliesIn, copyIn, parksIn, retainsIn } from './messages';
import { comesByMs } from './surely';

/** kill -9 of a daemon that is started with much to do, there; then another one. */
async function killAtStart(scene: Scene, moment: Pick<Moment, 'message' | 'at'>): Promise<void> {
  const came = pull(scene, { name: '', what: '', wire: 'postgres', then: 'drop', ...moment });
  scene.startDaemon();
  if (!(await came) && !scene.inStorm) scene.troubles.push('it never came so far');
  await scene.startDaemon().listening;
}

/** Waits until so many more entries are in the stream. */
async function entriesWait({ redis }: Scene, count: number): Promise<void> {
  const before = await redis.client.xlen(changesStream);
  await waitFor(async () => (await redis.client.xlen(changesStream)) >= before + count, 10_000);
}

function notesOf({ writers }: Scene) {
  if (writers === undefined) throw new Error('nobody writes');
  return writers.journalFor('x');
}

const killInBacklog: Fault = {
  name: 'kill-in-backlog',
  party: 'daemon',
  what: 'kill -9 in the first page of a daemon that has found a hundred entries waiting: among them are records that only the stream has',
  run: async (scene) => {
    await scene.daemon.kill('SIGKILL');
    await entriesWait(scene, 100);
    await killAtStart(scene, { message: copyIn, at: 'reply' });
  },
};

const killAtLetters: Fault = {
  name: 'kill-at-letters',
  party: 'daemon',
  what: 'kill -9 when it is about to park records that no table can take, and that only the stream has',
  run: async (scene) => {
    await scene.daemon.kill('SIGKILL');
    const { client } = scene.redis;
    const store = new ModelStore(client);
    const { journal, prefix } = notesOf(scene);
    const modelId = await store.createModel({ name: prefix });
    const version = await store.createModelVersion({ modelId, version: prefix });
    for (let n = 0; n < 5; n++) {
      const keys = [changesStream, 'aidb:counter:prediction', `aidb:version:${version}`, `aidb:idx:predictions:${version}`]; // prettier-ignore
      const id = await client.fcall('millrace_log_prediction', 4, ...keys, 'model_version_id', version, 'input', '{"cut'); // prettier-ignore
      const key = `aidb:prediction:${String(id)}`;
      await journal.note({ parked: [key] }, () => client.unlink(key));
      scene.letters++;
    }
    journal.close();
    await killAtStart(scene, { message: parksIn, at: 'request' });
  },
};

const killWithDebt: Fault = {
  name: 'kill-with-debt',
  party: 'redis',
  hitsWriters: true,
  alone: 'Redis forgets what was acknowledged',
  what: 'FLUSHALL; one of two instances finds out, and is killed before its pass; the other one was asleep meanwhile',
  run: async (scene) => {
    const first = scene.daemon;
    const second = scene.startDaemon();
    await second.listening;
    await scene.untilGreen();
    second.pause();
    first.pause();
    await scene.rewind('redis', () => scene.redis.client.flushall());
    let killed = false;
    let release = (): void => undefined;
    const watch = () => {
      const held = async () => {
        // One that was sent before has changed nothing.
        if ((await scene.redis.client.exists(checkpointKey)) === 0) {
          watch();
          return 'pass';
        }
        await first.kill('SIGKILL');
        killed = true;
        return 'drop';
      };
      release = scene.redis.wire.hold({ text: appliesIn(scene), at: 'reply', held });
    };
    watch();
    first.resume();
    if (!(await waitFor(() => killed, comesByMs(scene)))) scene.troubles.push('it never found out');
    release();
    second.resume();
  },
};

const retentionTooLate: Fault = {
  name: 'retention-too-late',
  party: 'redis',
  what: '`millrace retention` has found records equal, and its script is on its way, when the application writes others in their place',
  run: async (scene) => {
    const { client } = scene.redis;
    const { journal, prefix } = notesOf(scene);
    const version = await plainVersion(client, await plainModel(client, { name: prefix }), {
      version: prefix,
    });
    const note = (name: string, work: () => unknown) => journal.note({ once: [name] }, work);
    const input = (name: string) => JSON.stringify({ chaos: name });
    let id = 0;
    const old = `${prefix}.old`;
    await note(old, async () => {
      id = await plainPrediction(client, version, { input: input(old), timestamp: '2020-01-01T00:00:00' });
    });
    const isArchived = async () =>
      (await scene.postgres.pool.query("SELECT FROM predictions WHERE input_data ->> 'chaos' = $1", [old]))
        .rowCount === 1;
    if (!(await waitFor(isArchived, 10_000)) && !scene.inStorm) throw new Error('it was not archived');
    const key = `aidb:prediction:${id}`;
    const state = { came: false };
    const held = async () => {
      const fields = await client.hgetall(key);
      await note(`${prefix}.new`, () =>
        client
          .multi()
          .del(key)
          .hset(key, { ...fields, input: input(`${prefix}.new`), timestamp: '2020-01-02T00:00:00' })
          .exec(),
      );
      state.came = true;
      return 'pass' as const;
    };
    const { daemon } = scene;
    daemon.pause(); // what is written then is in Redis alone
    const release = scene.redis.wire.hold({ text: retainsIn(scene), at: 'request', held });
    try {
      const code = await scene.run('retention', '--days', 'prediction=1');
      if (!scene.inStorm && code !== 0 && code !== 2)
        scene.troubles.push(`retention ended with ${String(code)}`);
    } finally {
      release();
      daemon.resume();
      journal.close();
    }
    if (!state.came && !scene.inStorm) scene.troubles.push('nothing was about to be removed');
  },
};

export const narrowMoments: readonly Fault[] = [killInBacklog, killAtLetters, killWithDebt, retentionTooLate];
