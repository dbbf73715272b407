import type fc from 'fast-check';
import { ignoreElements, lastValueFrom, Subject } from 'rxjs';
import type { AliasFollower } from '../../../../src/aliases/sink/follower';
import type { AliasSink } from '../../../../src/aliases/sink/sink';
import type { Vouching } from '../../../../src/aliases/sink/alias-case';
import type { ChangelogPosition } from '../../../../src/aliases/source/changelog';
import type { AliasSource } from '../../../../src/aliases/source/source';
import type { Log } from '../../../../src/log/log';
import { Incidents } from '../../../../src/pipeline/incidents/incidents';
import { type Pass, PassRunner } from '../../../../src/pipeline/pass-runner';
import { PauseState } from '../../../../src/pipeline/pause';
import { pump } from '../../../../src/pipeline/pump';
import { type Stage, Turns } from '../../../../src/pipeline/turns';
import { parseCheckpoint } from '../../../../src/aliases/sink/checkpoint';
import { changelogId, connectTo, type Name, names, type Stores } from './stores';

export interface Instance {
  readonly stopped: Promise<void>;
  readonly stop: () => void;
  /** As kill -9: what was sent may still be executed. */
  readonly kill: () => void;
  readonly wake: () => void;
  /** Nothing is left to do, as far as it knows. */
  readonly isAtRest: () => boolean;
}

/** The code that is tried: the real one, but for one mutant. */
export interface Code {
  readonly AliasSink: typeof AliasSink;
  readonly AliasFollower: typeof AliasFollower;
}

interface Options {
  readonly code: Code;
  readonly stores: Stores;
  readonly schedule: fc.Scheduler;
  /** Whether the connection is cut soon after a command. */
  readonly cuts: () => boolean;
  readonly onTogether: () => void;
}

const nothing = () => undefined;
const log = { info: nothing, warn: nothing, failure: nothing, debug: nothing } as unknown as Log;
const keyspace = { prefix: '', holds: 'string' } as const;
const positionAt = (seq: number): ChangelogPosition => ({ changelog: changelogId, seq, nonce: String(seq) });

/** One life of a lane of the cache: sink, follower, pump, turns and passes are the real ones; each reply of Redis comes when the schedule says. */
export function startInstance({ code, stores, schedule, cuts, onTogether }: Options): Instance {
  const { file } = stores;
  const wake$ = new Subject<void>();
  const stop = new AbortController();
  let dead = false;
  let underWay = 0;
  const connection = connectTo(stores, schedule, { isDead: () => dead, cuts });
  const client = connection.client as unknown as { mget: () => Promise<Record<Name, number>> };
  const sink = new code.AliasSink(connection);
  const changelog = {
    id: changelogId,
    continues: ({ seq }: ChangelogPosition) => seq <= file.log.length,
    head: () => positionAt(file.log.length),
  };
  const source = { changelog } as unknown as AliasSource;
  const follower = new code.AliasFollower({
    ...{ sink, before: undefined, renamed: nothing },
    vouching: { forget: nothing } as unknown as Vouching,
  });
  /** The truth, and at once what is made of it, as every caller of the sink does. */
  const send = (aliases: readonly Name[], position?: ChangelogPosition) => {
    const values = aliases.map((name) => String(file.truth[name]));
    if (++underWay === 2) onTogether();
    const sent = sink.send([{ type: 'team', keyspace, aliases, values }], position).finally(() => underWay--);
    sent.catch(nothing); // the next `room` or `drain` throws it
  };
  const passes = new PassRunner<object>({
    onWanted: () => wake$.next(),
    onDone: nothing,
    begin: (): Pass<object> => {
      let different: readonly Name[] | undefined;
      return {
        progress: '',
        step: async () => {
          if (different === undefined) {
            const found = await client.mget();
            different = names.filter((name) => found[name] !== file.truth[name]);
            return 'more';
          }
          if (sink.checkpoint === undefined) return 'more';
          if (different.length > 0) send(different);
          await sink.drain();
          return {};
        },
      };
    },
  });
  const follow: Stage = async () => {
    const judgement = await follower.look(source);
    if (judgement?.needsPass === true) passes.restart('incident');
    return undefined;
  };
  const tail: Stage = async () => {
    const seq = sink.checkpoint?.position?.seq;
    if (seq === undefined || seq >= file.log.length) return undefined;
    const name = file.log[seq];
    if (name !== undefined) send([name], positionAt(seq + 1));
    await sink.room();
    return 'more';
  };
  const pass: Stage = async () => ((await passes.step()) ? 'more' : undefined);
  const settle: Stage = async () => {
    await sink.drain();
    return undefined;
  };
  const turns = new Turns<object>({
    stages: { always: [follow, tail, pass], atRest: [settle] },
    passes,
    incidents: new Incidents({
      ...{ pipeline: 'aliases', log, tell: nothing },
      store: { is: 'Redis', read: () => Promise.resolve([]), update: () => Promise.resolve([]) },
    }),
    pause: new PauseState('aliases', log, nothing),
    applied: { total: 0 },
    recover: (thrown) => {
      throw thrown;
    },
  });
  void passes.request('start');
  const cycles$ = pump({
    ...{ cycle: () => turns.cycle(), wake$, signal: stop.signal, backoff: { baseMs: 0, capMs: 0 } },
    ...{ onFailure: nothing, onRecovery: nothing },
  });
  return {
    stopped: lastValueFrom(cycles$.pipe(ignoreElements()), { defaultValue: undefined }),
    stop: () => {
      stop.abort();
    },
    kill: () => {
      dead = true;
    },
    wake: () => {
      wake$.next();
    },
    isAtRest: () =>
      !passes.active &&
      underWay === 0 &&
      sink.checkpoint?.position?.seq === file.log.length &&
      sink.checkpoint.stamp === sink.confirmed?.stamp && // what it adopts is answered: only then a pass is owed
      sink.checkpoint.stamp === parseCheckpoint(stores.redis.checkpoint)?.stamp,
  };
}
