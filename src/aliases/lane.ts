import type { RedisConnection } from '../connections/redis';
import { asRetryable, describeError, MillraceError } from '../foundation/errors';
import type { Log } from '../log/log';
import type { Metrics } from '../metrics/metrics';
import { documentHashes } from '../mapping/fingerprint';
import { AppliedReport } from '../pipeline/applied-report';
import type { Tell } from '../pipeline/event';
import { Incidents } from '../pipeline/incidents/incidents';
import { type LaneState, type Stage, Turns } from '../pipeline/turns';
import type { PassRunner } from '../pipeline/pass-runner';
import { PauseState } from '../pipeline/pause';
import type { CycleOutcome } from '../pipeline/pump';
import { type AliasHandover, dueAfter, handOver, isFresh } from './handover';
import { type AliasLag, LagReader } from './lag';
import { aliasPasses } from './pass/passes';
import { describeAliasesApplied, type PassReport, waiting, writtenBy } from './pass/report';
import { Vouching } from './sink/alias-case';
import type { AliasCheckpoint, MappingSet } from './sink/checkpoint';
import { AliasFollower } from './sink/follower';
import { aliasIncidentStore } from './sink/incident-store';
import { aliasPauseStore } from './sink/pause-store';
import { Introduction } from './sink/introduction';
import { AliasSink, CheckpointMoved } from './sink/sink';
import { sqliteError } from './source/file/database';
import type { AliasSource, OnDoubt } from './source/source';
import { type KeeperOptions, SourceKeeper } from './source/source-keeper';
import type { UnservedRow } from './source/unserved';
import { UnservedRows } from './source/unserved-rows';
import { Ease } from './stages/ease';
import { follow } from './stages/follow';
import { greet } from './stages/greet';
import { Keep } from './stages/keep';
import { lookForPause } from './stages/look-for-pause';
import { tail } from './stages/tail';
import { tidy } from './stages/tidy';

export interface AliasLaneOptions extends Omit<KeeperOptions, 'beforeInstall' | 'isNew' | 'onFold'> {
  readonly connection: RedisConnection;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tell: Tell;
  /** Let a pass delete more than half of a type's keys, and take over keys under the prefix of a new document. */
  readonly force: boolean;
  /** New documents whose keys in Redis are ours from now on, whatever they hold. */
  readonly claimed?: ReadonlySet<string> | undefined;
  /** All mappings, as one. */
  readonly set?: MappingSet | undefined;
  /** What the lane before this one has left, in this process. */
  readonly handover?: AliasHandover | undefined;
}

export interface AliasLaneState extends LaneState<PassReport>, AliasLag {
  /** The open file; undefined while it is not open. */
  readonly source: AliasSource | undefined;
  /** Why the capture cannot be installed, when it cannot. */
  readonly cannotWrite: string | undefined;
  readonly unserved: readonly UnservedRow[];
  /** The newest checkpoint that Redis has acknowledged. */
  readonly checkpoint: AliasCheckpoint | undefined;
}

/** The pipeline `aliases` at work; `state` tells how it is. */
export interface AliasLane {
  readonly turns: Turns<PassReport>;
  /** @param now milliseconds since 1970 */
  readonly state: (now?: number) => AliasLaneState;
  readonly passes: PassRunner<PassReport>;
  /** Asked by the poll. */
  readonly needsTurn: () => boolean;
  /** For a lane that follows; to be called before `close`. */
  readonly handOver: () => AliasHandover | undefined;
  /** Closes the file, after folding its log into it as SQLite's last close would. */
  readonly close: () => Promise<void>;
}

/** How long a locked file is waited for in silence. */
const busyGraceMs = 5_000;

/**
 * changelog -> truth -> sink, with full passes in between: a turn applies one page of the changelog and does one chunk of a pass.
 * Everything the lane knows it can find again in SQLite and Redis.
 */
export function aliasLane(options: AliasLaneOptions): AliasLane {
  const { path, connection, log, metrics, tell, force, aliasCase, documents = [] } = options;
  const lag = new LagReader();
  const readLag = (now: number) => {
    const { source, folding } = keeper;
    return lag.read({ source, folding, confirmed: sink.confirmed }, now);
  };
  const { handover } = options;
  /** What is still to be taken over. */
  let untaken = handover;
  const keeper = new SourceKeeper({
    ...options,
    // What seems to be missing may have been taken away for newer mappings, and is not ours to bring back.
    beforeInstall: async () => {
      await connection.connect();
      await follower.requireNewest();
    },
    isNew: (source, name) => untaken !== undefined && isFresh(untaken, source, name),
    onFold: () => {
      readLag(Date.now());
    },
  });
  const sink = new AliasSink(connection, options.set);
  const vouching = new Vouching(sink, aliasCase, force);
  const introduction = new Introduction(sink, {
    documents,
    hashes: documentHashes(documents),
    claimed: force ? 'all' : (options.claimed ?? new Set()),
  });
  const applied = new AppliedReport({
    ...{ pipeline: 'aliases', log, metrics, tell },
    describe: describeAliasesApplied,
  });
  const incidents = new Incidents({
    ...{ pipeline: 'aliases', log, tell },
    store: aliasIncidentStore(connection),
  });
  const pause = new PauseState('aliases', log, tell);
  const unserved = new UnservedRows(undefined, handover?.unserved);
  const passes = aliasPasses({
    ...{ connection, target: sink, aliasCase, force, unserved, log, metrics, tell },
    truths: () => keeper.source?.truths ?? new Map(),
    aliasTruths: () => keeper.source?.aliasTruths ?? new Map(),
    doubtful: () => vouching.doubtful(keeper.source?.aliasTruths.keys() ?? []),
    last: handover?.last,
    standing: (type) => introduction.standing(type),
    onJudged: (types, blocked) => {
      const spelled = (type: string) => keeper.source?.aliasTruths.has(type) === true;
      vouching.judged(types.filter(spelled), blocked.filter(spelled));
      introduction.judged(types);
    },
    onDone: (report) => {
      for (const [type, result] of Object.entries(report.types)) applied.count(type, result);
      introduction.written(writtenBy(report));
    },
  });
  const onDoubt = (reason: string) => {
    passes.restart(reason);
  };
  const onDoubtOf: OnDoubt = ({ reason, doubt, documents: of }) => {
    // What was not logged then is seen by whatever pass there is.
    if (doubt === 'unlogged') void passes.request(reason, of);
    else passes.restart(reason, of);
  };
  const keep = new Keep({ keeper, incidents, log, onDoubt });
  const follower = new AliasFollower({
    ...{ sink, vouching, before: handover?.known },
    renamed: () => keeper.renamed,
  });
  /** Asks, once the capture is complete or cannot be, for the pass that the lane before and other mappings call for. */
  const takeOver: Stage = () => {
    const { source } = keep;
    const complete = source.changelog !== undefined || source.captureGaps.length === 0;
    const cannot = !options.install || keeper.cannotWrite !== undefined || source.truths.size === 0;
    if (untaken === undefined || !(complete || cannot)) return undefined;
    const due = dueAfter(untaken, source);
    untaken = undefined;
    if (due !== undefined) passes.restart('other mappings', due);
    return undefined;
  };
  /** Asks for a pass of new mappings that waited until somebody named them. */
  const passOverClaimed: Stage = () => {
    const claimed = waiting(passes.last?.report).filter((name) => introduction.mayWrite(name));
    if (claimed.length > 0 && !passes.active) void passes.request('claimed', new Set(claimed));
    return undefined;
  };
  const ease = new Ease({ source: () => keeper.source, mustTurn: () => passes.active });
  const yieldToWriter: Stage = () => (keep.source.writerActive() ? 'idle' : undefined);
  const restWhilePaused: Stage = () => (pause.current === undefined ? undefined : 'idle');
  const pass: Stage = async () => ((await passes.step()) ? 'more' : undefined);
  const settle: Stage = async () => {
    await sink.drain();
    applied.flush();
    return undefined;
  };
  let busySince = 0;
  const recover = (thrown: unknown, succeededAt: number): CycleOutcome => {
    if (thrown instanceof CheckpointMoved) {
      log.debug(thrown.message, { pipeline: 'aliases' });
      return 'more';
    }
    const translated = sqliteError(thrown, path);
    // The file was open once, so the setting is right: SQLite's trouble of today is no reason to stop for good.
    const error = translated === thrown ? thrown : asRetryable(translated);
    if (describeError(thrown).code === 'SQLITE_READONLY_ROLLBACK') keeper.release(); // opening it rolls back
    if (error instanceof MillraceError && (error.code === 'E_DB_BUSY' || error.code === 'E_DB_MOVED')) {
      const now = performance.now();
      if (busySince <= succeededAt) busySince = now;
      if (now - busySince < busyGraceMs) return 'idle';
    } else if (error !== thrown) keeper.close(); // SQLite is in trouble: open the file anew
    throw error;
  };
  const turns = new Turns({
    ...{ passes, incidents, pause, applied, recover },
    stages: {
      always: [
        ease.begin,
        keep.run,
        takeOver,
        passOverClaimed,
        greet(connection, log, documents.length > 0 ? 'keys of the mappings' : 'alias keys'),
        lookForPause(aliasPauseStore(connection), pause),
        follow({ keep, follower, sink, pause, incidents, onDoubt }),
        yieldToWriter,
        tidy({ keep, keeper, sink, log }),
        restWhilePaused,
        tail({ keep, sink, vouching, introduction, applied, onDoubt: onDoubtOf }),
        pass,
      ],
      atRest: [settle, ease.rest],
    },
  });
  return {
    ...{ turns, passes, needsTurn: ease.needsTurn },
    state: (now = Date.now()) => ({
      ...turns.state,
      ...readLag(now),
      source: keeper.source,
      cannotWrite: keeper.cannotWrite,
      unserved: unserved.list,
      checkpoint: sink.confirmed,
    }),
    handOver: () => {
      const { source, needsPass: doubted } = keeper;
      return handOver({ source, doubted, confirmed: sink.confirmed, passes, unserved: unserved.list });
    },
    close: async () => {
      await sink.drain().catch(() => undefined); // already reported by the turn that sent it
      await incidents.close();
      await keeper.fold();
      keeper.close();
    },
  };
}
