import { plainModel, plainRun, plainVersion } from '../../support/plain-writer';
import { useArchive } from '../support/archive';

const archive = useArchive();
const { start, becomes } = archive;

describe('a metric key of 20,000 points that goes on growing', () => {
  const bytesSent = async () =>
    Number(/total_net_output_bytes:(\d+)/.exec(await archive.redis.client.info('stats'))?.[1]);

  test.each([
    ['by epoch', (epoch: number) => epoch],
    ['without epochs and steps, so that all have score 0', () => 0],
  ])(
    '%s is not read from its start for each point',
    async (_how, scoreOf) => {
      const { client } = archive.redis;
      await plainRun(client, await plainVersion(client, await plainModel(client)));
      const add = (epoch: number) =>
        client.zadd(
          'aidb:metric:1:loss:train',
          scoreOf(epoch),
          `{"epoch": null, "step": null, "metric_name": "loss", "metric_value": ${epoch}, "split": "train", "timestamp": "2026-01-01T00:00:00"}`,
        );
      for (let epoch = 1; epoch <= 20_000; epoch += 1_000)
        await Promise.all(Array.from({ length: 1_000 }, (_u, index) => add(epoch + index)));
      const before = await bytesSent();
      await start();
      await becomes('SELECT count(*) FROM metrics', ['20000']);
      const whole = (await bytesSent()) - before;
      const from = await bytesSent();
      // One at a time, so that they are mirrored in hundreds of pieces.
      for (let epoch = 20_001; epoch <= 22_000; epoch++) await add(epoch);
      await becomes('SELECT count(*) FROM metrics', ['22000']);
      expect((await bytesSent()) - from).toBeLessThan(whole * 10);
    },
    90_000,
  );
});
