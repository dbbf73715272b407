import { retryable } from '../../foundation/errors';
import type { Vouching } from './alias-case';
import { sameLog } from '../source/changelog';
import type { AliasCheckpoint, MappingSet } from './checkpoint';
import { type AliasJudgement, judgeContinuity } from './continuity';
import type { AliasSink } from './sink';
import type { AliasSource } from '../source/source';

/** How often the checkpoint in Redis is compared with ours. */
const probeMs = 1_000;
/** Beginning another incarnation within this time means that two instances follow different files; later, that a file was replaced. */
const rivalryMs = 60_000;

/** Makes sure that the checkpoint we build on is the one in Redis, and that the changelog goes on from there. */
export class AliasFollower {
  readonly #sink: AliasSink;
  readonly #vouching: Vouching;
  #probedAt = -Infinity;
  #adoptedAt = -Infinity;

  constructor(sink: AliasSink, vouching: Vouching) {
    this.#sink = sink;
    this.#vouching = vouching;
  }

  /** Compares, once a second. @returns the judgement when the checkpoint is not ours any more. @throws E_TWO_SOURCES, or the error of Redis */
  async look(source: AliasSource): Promise<AliasJudgement | undefined> {
    const sink = this.#sink;
    const expected = sink.checkpoint;
    if (expected !== undefined && performance.now() - this.#probedAt < probeMs) return undefined;
    const before = sink.confirmed;
    const { raw, checkpoint } = await sink.load();
    requireNewest(sink.set, checkpoint);
    this.#probedAt = performance.now();
    const lacksPosition = source.changelog !== undefined && checkpoint?.position === null;
    if (expected !== undefined && expected.stamp === checkpoint?.stamp && !lacksPosition) return undefined;
    const known = before && {
      incarnation: before.incarnation,
      seq: before.position?.seq ?? 0,
      applies: before.applies ?? 0,
    };
    const judgement = judgeContinuity(raw, checkpoint, source.changelog, known, sink.set);
    if (judgement.action === 'resume' && checkpoint !== undefined) sink.resume(raw, checkpoint);
    else if (judgement.action === 'renew' && checkpoint !== undefined)
      await sink.adopt(raw, checkpoint.position, checkpoint);
    else await this.#adopt(raw, checkpoint, source);
    return judgement;
  }

  async #adopt(raw: string, found: AliasCheckpoint | undefined, source: AliasSource): Promise<void> {
    const foreign =
      found?.position != null &&
      !sameLog(found.position.changelog, source.changelog?.id ?? '') &&
      !found.stamp.startsWith(`${this.#sink.instance}.`);
    if (foreign && performance.now() - this.#adoptedAt < rivalryMs) {
      throw retryable(`another Millrace (${found.by}) fills the same Redis from another SQLite file`, {
        code: 'E_TWO_SOURCES',
        hint: 'Stop one of them, or give each its own Redis database (REDIS_URL, REDIS_DB).',
      });
    }
    if (found === undefined) this.#vouching.forget();
    await this.#sink.adopt(raw, source.changelog?.head() ?? null, found);
    this.#adoptedAt = performance.now();
  }
}

/** @throws E_TWO_MAPPINGS (retryable) when Redis is served by mappings of a newer file than ours */
function requireNewest(ours: MappingSet, found: AliasCheckpoint | undefined): void {
  if (found?.set === undefined || found.set.hash === ours.hash || found.set.since <= ours.since) return;
  const written = new Date(found.set.since).toISOString();
  throw retryable(
    `another Millrace (${found.by}) serves this Redis with other mappings, written ${written}`,
    {
      code: 'E_TWO_MAPPINGS',
      hint: 'Give both the same file of mappings; if this one is meant, run `millrace config apply` with it.',
    },
  );
}
