import { retryable } from '../../foundation/errors';
import type { Vouching } from './alias-case';
import { sameLog } from '../source/changelog';
import type { AliasCheckpoint, MappingSet } from './checkpoint';
import { type AliasJudgement, judgeContinuity, type Known, knownOf } from './continuity';
import type { Renamed } from '../source/install-capture';
import type { AliasSink } from './sink';
import type { AliasSource } from '../source/source';

/** How often the checkpoint in Redis is compared with ours. */
const probeMs = 1_000;
/** Beginning another incarnation within this time means that two instances follow different files; later, that a file was replaced. */
const rivalryMs = 60_000;

export interface FollowerOptions {
  readonly sink: AliasSink;
  readonly vouching: Vouching;
  /** How far the lane before this one has come, in this process. */
  readonly before: Known | undefined;
  readonly renamed: () => Renamed | undefined;
}

/** Makes sure that the checkpoint we build on is the one in Redis, and that the changelog goes on from there. */
export class AliasFollower {
  readonly #options: FollowerOptions;
  readonly #sink: AliasSink;
  readonly #vouching: Vouching;
  #probedAt = -Infinity;
  #adoptedAt = -Infinity;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#sink = options.sink;
    this.#vouching = options.vouching;
  }

  /** Compares, once a second. @returns the judgement when the checkpoint is not ours any more. @throws E_TWO_SOURCES, or the error of Redis */
  async look(source: AliasSource): Promise<AliasJudgement | undefined> {
    const sink = this.#sink;
    const expected = sink.checkpoint;
    if (expected !== undefined && performance.now() - this.#probedAt < probeMs) return undefined;
    const before = sink.confirmed;
    const { raw, checkpoint: found } = await sink.load();
    requireNewest(sink.set, found);
    this.#probedAt = performance.now();
    const lacksPosition = source.changelog !== undefined && found?.position === null;
    if (expected !== undefined && expected.stamp === found?.stamp && !lacksPosition) return undefined;
    const checkpoint = found && renamedIn(found, this.#options.renamed());
    const known = before && knownOf(before);
    const judgement = judgeContinuity(
      raw,
      checkpoint,
      source.changelog,
      known ?? this.#options.before,
      sink.set,
    );
    if (judgement.action === 'resume' && checkpoint !== undefined) {
      sink.resume(raw, checkpoint);
      // So that the checkpoint in Redis names it, too; should this fail, it is found out in the next turn.
      if (checkpoint !== found) sink.send([]).catch(() => undefined);
    } else if (judgement.action === 'renew' && checkpoint !== undefined)
      await sink.adopt(raw, checkpoint.position, checkpoint);
    else await this.#adopt(raw, checkpoint, source);
    // Between two lanes an apply of the same mappings may have begun anew: no incident.
    const { before: lane } = this.#options;
    const applied =
      known === undefined &&
      lane !== undefined &&
      found !== undefined &&
      found.incarnation !== lane.incarnation;
    return applied ? { action: judgement.action, needsPass: judgement.needsPass } : judgement;
  }

  /** @throws E_TWO_MAPPINGS (retryable) when Redis is served by mappings of a newer file; the error of Redis */
  async requireNewest(): Promise<void> {
    const { checkpoint } = await this.#sink.load();
    requireNewest(this.#sink.set, checkpoint);
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

/** A checkpoint whose position is of a changelog that has another id now, and goes on. */
const renamedIn = (checkpoint: AliasCheckpoint, renamed: Renamed | undefined): AliasCheckpoint =>
  renamed !== undefined && checkpoint.position?.changelog === renamed.from
    ? { ...checkpoint, position: { ...checkpoint.position, changelog: renamed.to } }
    : checkpoint;

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
