import { isOwn, type Kind, kindOf } from '../../mapping/kinds';
import { inOrderOf, type RetentionPolicy } from '../../mapping/retention-policy';
import { printable } from '../letters/dead-letters';
import { keyOf } from '../record/key';
import { CreationTimes } from '../truth/creation-times';
import { beginning, type Chunk, Scan } from '../truth/scan';
import { defineMemberScripts, oldMembers } from './old-members';
import { defineStringScripts, oldOwn } from './old-own';
import { defineRecordScripts, oldRecords } from './old-records';
import { removeOld, type RetentionContext } from './remove-old';
import { keep, type KindReport, type RetentionReport } from './retention-report';

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
    defineRecordScripts(redis);
    defineStringScripts(redis);
    defineMemberScripts(redis);
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
    const { redis, catalogue } = this.#context;
    await this.#begin();
    const scan = new Scan(redis, catalogue);
    const times = new CreationTimes(redis);
    let cursor: string | undefined = beginning;
    while (cursor !== undefined) {
      const chunk = await scan.read(cursor);
      this.report.keys += chunk.keys;
      yield;
      for (const [name, report] of Object.entries(this.report.kinds)) {
        const kind = kindOf(catalogue, name);
        const ids = await mayBeOld(kind, chunk, report, times);
        const parts = [this.#context, kind, report, ids] as const;
        if (isOwn(kind)) yield* removeOld(this.#context, name, report, oldOwn(...parts));
        else if (kind.shape === 'members')
          yield* removeOld(this.#context, name, report, oldMembers(...parts));
        else yield* removeOld(this.#context, name, report, oldRecords(...parts));
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
    const served = this.#context.targets();
    for (const [name, days] of inOrderOf(this.#context.catalogue, this.#policy)) {
      if (!served.has(name)) continue; // its table cannot take the records
      const before = new Date(now - days * dayMs).toISOString().replace('T', ' ').replace('Z', '000');
      this.report.kinds[name] = { before, removed: 0, bytes: 0, kept: {} };
    }
  }
}

/** Ids (latin1) of the records of a kind that have to be looked at: of packed ones those that are old. @throws explained errors */
async function mayBeOld(
  kind: Kind,
  chunk: Chunk,
  report: KindReport,
  times: CreationTimes,
): Promise<readonly string[]> {
  const { name, packed } = kind;
  const others = [...(chunk.others.get(name) ?? [])];
  if (packed !== true) return others;
  const { identities, unfit } = await times.identities(kind, [...chunk.packed.map(String), ...chunk.large]);
  // Those without a time that can be read.
  for (const id of [...others, ...unfit])
    keep(report, 'unfit', printable(keyOf(kind, Buffer.from(id, 'latin1'))));
  const { before } = report;
  return [...new Set(identities.filter(({ created }) => created < before).map(({ id }) => id))];
}
