import { printable } from '../letters/dead-letters';
import { removeOld, type RetentionContext } from './remove-old';
import { defineMetricScripts, oldPoints } from './old-points';
import { retainedKinds, type RetentionPolicy } from '../../mapping/retention-policy';
import { definePredictionScripts, oldPredictions } from './old-predictions';
import { keep, type RetentionReport } from './retention-report';
import { beginning, Scan } from '../truth/scan';

const serverSql = `SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now, current_setting('fsync') AS fsync`;

export interface RetentionOptions extends Omit<RetentionContext, 'ask'> {
  readonly policy: RetentionPolicy;
}

const dayMs = 86_400_000;

/**
 * Takes out of Redis what is old and safe in Postgres: one walk over all keys. First a transaction in Postgres finds records equal,
 * column by column, and is committed to disk; then a script in Redis removes those that are still what was compared. Whatever
 * fails, and wherever: each record is in Redis, or equal in Postgres. What an earlier run did not get to is found by the next one.
 */
export class Retention {
  readonly report: RetentionReport;
  readonly #context: RetentionContext;
  readonly #policy: RetentionPolicy;
  readonly #steps: AsyncGenerator<void>;

  constructor(options: RetentionOptions) {
    const { redis, dryRun, policy } = options;
    this.#policy = policy;
    this.#context = {
      ...options,
      ask: async (answer) => {
        try {
          return await answer;
        } catch (error) {
          throw redis.translate(error);
        }
      },
    };
    definePredictionScripts(redis);
    defineMetricScripts(redis);
    const startedAt = Date.now();
    this.report = { dryRun, startedAt, ms: 0, complete: false, keys: 0, kinds: {}, warnings: [] };
    this.#steps = this.#walk();
  }

  get progress(): string {
    const removed = Object.values(this.report.kinds).reduce((sum, kind) => sum + kind.removed, 0);
    return `${this.report.keys} keys looked at, ${removed} ${this.report.dryRun ? 'would go' : 'removed'}`;
  }

  /** Looks at the next few hundred records. @returns whether there are more @throws explained errors; the run is over then */
  async step(): Promise<boolean> {
    const { done } = await this.#steps.next();
    this.report.ms = Date.now() - this.report.startedAt;
    return done !== true;
  }

  async *#walk(): AsyncGenerator<void> {
    const { redis } = this.#context;
    await this.#begin();
    const { prediction, metric } = this.report.kinds;
    const scan = new Scan(redis);
    let cursor: string | undefined = beginning;
    while (cursor !== undefined) {
      const chunk = await scan.read(cursor);
      this.report.keys += chunk.keys;
      yield;
      if (prediction !== undefined) {
        // Those without a time that can be read. Nobody knows how old they are.
        for (const id of chunk.others.get('prediction') ?? [])
          keep(prediction, 'unfit', printable(`aidb:prediction:${id}`));
        const old = oldPredictions(this.#context, prediction, chunk.predictions);
        yield* removeOld(this.#context, 'prediction', prediction, old);
      }
      if (metric !== undefined) {
        const old = oldPoints(this.#context, metric, [...(chunk.others.get('metric') ?? [])]);
        yield* removeOld(this.#context, 'metric', metric, old);
      }
      cursor = chunk.next;
      yield;
    }
    this.report.complete = true;
  }

  /** By the clock of the servers, the one that is behind: this process' own may be anywhere. */
  async #begin(): Promise<void> {
    const { redis, postgres, ask } = this.#context;
    const [server] = await postgres.query(serverSql);
    if (server?.['fsync'] === 'off')
      this.report.warnings.push('Postgres runs with fsync = off: a power failure may take what only it has');
    const [seconds] = await ask(redis.client.time());
    const now = Math.min(Number(server?.['now']), Number(seconds) * 1_000);
    for (const name of retainedKinds) {
      const days = this.#policy[name];
      if (days === undefined) continue;
      const before = new Date(now - days * dayMs).toISOString().replace('T', ' ').replace('Z', '000');
      this.report.kinds[name] = { before, removed: 0, bytes: 0, kept: {} };
    }
  }
}
