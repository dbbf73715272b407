import { readFileSync } from 'node:fs';
import { eventually } from '../support/eventually';
import { useArchive } from './support/archive';
import { daemonProcesses } from './support/daemon-process';

const archive = useArchive();
const start = daemonProcesses();

/** 300 MB and three times MAX_RECORD_SIZE. */
const mostMegabytes = 300 + 3 * 64;

const json = (megabytes: number) => Buffer.from(JSON.stringify('x'.repeat(megabytes * 1_000_000)));

test('memory stays within its bound, whatever is written to Redis', async () => {
  const { client } = archive.redis;
  const at = '2026-01-05T14:30:00.000001';
  await client.hset('aidb:model:1', { id: 1, name: 'one', created_at: at });
  await client.hset('aidb:version:1', { id: 1, model_id: 1, version: '1', created_at: at });
  await client.hset('aidb:run:1', { id: 1, model_version_id: 1, started_at: at });
  const prediction = (id: number, megabytes: number) =>
    client.hset(`aidb:prediction:${id}`, 'input', json(megabytes), 'output', '1', 'model_version_id', '1', 'timestamp', at); // prettier-ignore
  const daemon = await start(archive.environment());
  const parked = async () => (await archive.letters()).map(({ key, code }) => `${key} ${code}`);

  const t0=Date.now(); await prediction(1, 60);
  console.log('60', Date.now()-t0); await prediction(2, 80);console.log('80', Date.now()-t0);
  for (let id = 3; id <= 32; id++) await prediction(id, 10);
console.log('10s', Date.now()-t0);
  await client.hset('aidb:version:2', 'config', json(60), 'model_id', '1', 'version', '2', 'created_at', at);
  const point = Buffer.concat([Buffer.from('{"metric_name": "loss", "metric_value": 1, "split": '), json(50), Buffer.from('}')]); // prettier-ignore
  await client.zadd('aidb:metric:1:loss:val', 1, point);
  console.log('met', Date.now()-t0);
  await client.xadd('millrace:changes', '*', 'model', Buffer.alloc(400_000_000));
  console.log('400', Date.now()-t0);
  await client.call('XADD', ['millrace:changes', '*', ...new Array<string>(600_000).fill('model')]);
  await client.hset('aidb:model:2', { id: 2, name: 'behind it all', created_at: at });
  console.log('written', Date.now()-t0, JSON.stringify(((await client.call('SLOWLOG', 'GET', '60')) as any[]).map((e) => [e[2], e[3].map((a: string) => a.slice(0, 60))]), null, 0));
  await eventually(
    async () => {
      expect(await archive.lines('SELECT count(*) FROM predictions')).toEqual(['31']);
      expect(await archive.lines('SELECT name FROM models ORDER BY id')).toEqual(['one', 'behind it all']);
      expect(await archive.lines('SELECT count(*) FROM model_versions')).toEqual(['2']);
      expect(await archive.lines('SELECT count(*) FROM metrics')).toEqual(['1']);
      expect(await parked()).toEqual(['aidb:prediction:2 E_TOO_LARGE', expect.stringMatching(/^millrace:changes \S+ E_TOO_LARGE$/), expect.stringMatching(/^millrace:changes \S+ E_TOO_LARGE$/)]); // prettier-ignore
    },
    { alive: daemon.ended, within: 15_000 },
  ).catch(async (e) => { console.log(String(e).slice(0,1500), await parked(), await archive.lines('SELECT count(*) FROM predictions'), await archive.lines('SELECT name FROM models'), await archive.lines('select count(*) from model_versions'), await archive.lines('select count(*) from metrics'), daemon.output(), /VmHWM.*/.exec(readFileSync(`/proc/${daemon.child.pid ?? 0}/status`, 'utf8'))?.[0]); throw e; });
  await archive.redis.client.config('SET', 'save', '');
  const status = readFileSync(`/proc/${daemon.child.pid ?? 0}/status`, 'utf8');
  const peak = Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) / 1024;
  console.log(peak, daemon.output());
  expect(peak).toBeLessThan(mostMegabytes);
}, 120_000);
