import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { defaultCacheDir } from '../embedded/process/cache-dir';
import { programsOnPath } from '../embedded/process/program-path';
import { findRedisServer } from '../embedded/redis/redis-binary';
import type { RedisTarget } from '../connections/redis-url';
import { useRunningDaemon } from '../embedded/stores';
import { configOf, type RunVerb } from './options';
import { type Client, noClient, runClient } from '../terminal/run-client';

const examples = `
Examples:
  millrace redis-cli                              the Redis of both pipelines, in redis-cli
  millrace redis-cli GET 'alias:team:real madrid' what follows is redis-cli's own
  millrace redis-cli --raw HGETALL aidb:model:1

With the Redis that \`run --embedded\` started in this folder, or as REDIS_URL says. The password reaches redis-cli by its environment;
for other programs it is in .millrace/redis/password, a new one after each start.`;

/** `millrace redis-cli`: a redis-cli that knows where, and the password. */
export function redisCliCommand(program: Command, run: RunVerb): void {
  program
    .command('redis-cli')
    .description('redis-cli, with the Redis of both pipelines and its password')
    .argument('[args...]', 'for redis-cli')
    .helpOption('--help', 'what there is')
    .allowUnknownOption()
    .addHelpText('after', examples)
    .action((args: readonly string[]) =>
      run(async (signal) => {
        const { redis } = useRunningDaemon(configOf({}));
        const [here, known] = [await redisCliHere(redis), asRedisCli(redis)];
        const env = { ...here.env, ...known.env };
        return runClient({ program: here.program, args: [...known.args, ...args], env }, signal);
      }),
    );
}

/** The redis-cli on PATH, or the one beside the server that was unpacked for us, with its libraries. */
async function redisCliHere({ display }: RedisTarget): Promise<Omit<Client, 'args'>> {
  const [onPath] = programsOnPath(['redis-cli', 'valkey-cli']);
  if (onPath !== undefined) return { program: onPath, env: {} };
  const server = await findRedisServer({ cacheDir: defaultCacheDir() }).catch(() => undefined);
  const beside = server === undefined ? undefined : join(dirname(server.path), 'redis-cli');
  if (server !== undefined && beside !== undefined && existsSync(beside))
    return { program: beside, env: server.env };
  throw noClient(
    'there is no redis-cli on this machine',
    `Install one (apt-get install redis-tools, brew install redis), or let another client connect to ${display}.`,
  );
}

/** Arguments and environment of redis-cli. Pure. */
export function asRedisCli({
  host,
  port,
  db,
  username,
  password,
  tls,
  certificates,
}: RedisTarget): Omit<Client, 'program'> {
  const { ca, cert, key } = certificates?.files ?? {};
  const given = Object.entries({ '--user': username, '--cacert': ca, '--cert': cert, '--key': key });
  return {
    args: [
      ...['-h', host, '-p', String(port), '-n', String(db), ...(tls ? ['--tls'] : [])],
      ...given.flatMap(([flag, value]) => (value === undefined ? [] : [flag, value])),
    ],
    env: password === undefined ? {} : { REDISCLI_AUTH: password },
  };
}
