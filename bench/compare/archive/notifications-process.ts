import Redis from 'ioredis';
import { Client } from 'pg';
import { serve } from '../serve';
import { anyVersion } from './rows';

/**
 * Keyspace notifications alone: whoever subscribes hears of each key that is written, reads it, and writes its row: of models by their name, of predictions
 * once. Nothing is kept of what nobody heard. At its first start, and only then, it reads all keys.
 */
const [, , redisUrl = '', postgresUrl = ''] = process.argv;
const channel = '__keyspace@0__:';

async function write(client: Redis, postgres: Client, versionId: number, key: string): Promise<void> {
  const [, , kind, id] = /^(aidb):(\w+):(\d+)$/.exec(key) ?? [];
  if (kind !== 'model' && kind !== 'prediction') return;
  const record = await client.hgetall(key);
  if (Object.keys(record).length === 0) return; // gone already
  const texts = (...names: readonly string[]) => names.map((name) => record[name]);
  if (kind === 'model')
    await postgres.query(
      `INSERT INTO models (name, description, architecture, framework, task_type, input_shape, output_shape, created_at, updated_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
       ON CONFLICT (name) DO UPDATE SET description = EXCLUDED.description, updated_at = EXCLUDED.updated_at`,
      texts(
        ...['name', 'description', 'architecture', 'framework', 'task_type', 'input_shape', 'output_shape'],
        ...['created_at', 'updated_at'],
      ),
    );
  else
    await postgres.query(
      `INSERT INTO predictions (model_version_id, redis_id, input_data, output_data, confidence, inference_time_ms, "timestamp", metadata)
       SELECT $1, $2::bigint, $3, $4, $5, $6, $7::timestamp, $8
       WHERE NOT EXISTS (SELECT FROM predictions WHERE redis_id = $2::bigint AND "timestamp" = $7::timestamp)`,
      [
        versionId,
        id,
        ...texts('input', 'output', 'confidence', 'inference_time_ms', 'timestamp', 'metadata'),
      ],
    );
}

void serve(async () => {
  const postgres = new Client(postgresUrl);
  postgres.on('error', () => process.exit(1)); // and it is started again
  await postgres.connect();
  const isFirst = (await postgres.query('SELECT FROM models LIMIT 1')).rowCount === 0;
  const versionId = await anyVersion(postgres);
  const client = new Redis(redisUrl);
  const subscriber = client.duplicate();
  for (const one of [client, subscriber]) one.on('error', () => undefined); // told by the command it interrupts
  let last: Promise<unknown> = Promise.resolve();
  const hear = (key: string) => {
    // A record that fails does not stop the others.
    last = last.then(() => write(client, postgres, versionId, key)).catch(() => undefined);
    return last;
  };
  subscriber.on('pmessage', (_pattern, name: string) => void hear(name.slice(channel.length)));
  const listen = () => client.config('SET', 'notify-keyspace-events', 'KA');
  await listen();
  client.on('ready', () => void listen().catch(() => undefined)); // a Redis that started again has forgotten it
  await subscriber.psubscribe(`${channel}aidb:*`);
  if (isFirst) for (const key of await client.keys('aidb:*')) await hear(key);
  return undefined;
});
