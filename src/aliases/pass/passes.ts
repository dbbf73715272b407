import type { Log } from '../../log/log';
import type { Metrics } from '../../metrics/metrics';
import type { Tell } from '../../pipeline/event';
import { type LastPass, type Pass, PassRunner, type Scope } from '../../pipeline/pass-runner';
import { passTeller } from '../../pipeline/pass-teller';
import { AliasFullPass, type PassOptions } from './full-pass';
import { aliasPassWords, blockedError, joined, type PassReport, reportOf } from './report';

/** Aliases in a chunk: few enough that a fresh change does not wait long for the two chunks on their way, enough to make round trips weigh little. */
const chunk = 1_000;

type WithoutChunk = Omit<PassOptions, 'chunk'>;

/** A pass that ends with a report. @param scope of which mappings */
export function beginPass(options: WithoutChunk, scope: Scope = 'all'): Pass<PassReport> {
  const within = scope === 'all' ? options : onlyOf(options, scope);
  const pass = new AliasFullPass({ ...within, chunk });
  const documents = [...within.truths().keys()].filter((name) => !within.aliasTruths().has(name));
  const of = scope === 'all' ? {} : { of: [...scope] };
  const startedAt = Date.now();
  const moment = performance.now();
  return {
    get progress() {
      return pass.progress;
    },
    step: async () => {
      const results = await pass.step();
      if (results === 'more') return 'more';
      const ms = Math.round(performance.now() - moment);
      return reportOf(Object.fromEntries(results), documents, { startedAt, ms, ...of });
    },
  };
}

/** As if there were these mappings alone: neither their tables nor their keys are looked at. */
function onlyOf(options: WithoutChunk, scope: ReadonlySet<string>): WithoutChunk {
  const { truths, aliasTruths, doubtful } = options;
  return {
    ...options,
    truths: lastAnswer(truths, (all) => new Map([...all].filter(([name]) => scope.has(name)))),
    aliasTruths: lastAnswer(aliasTruths, (all) => new Map([...all].filter(([name]) => scope.has(name)))),
    doubtful: () => doubtful().filter((name) => scope.has(name)),
  };
}

/** Makes an answer anew only when it is asked about something else. */
function lastAnswer<In, Out>(ask: () => In, make: (about: In) => Out): () => Out {
  let known: { readonly about: In; readonly answer: Out } | undefined;
  return () => {
    const about = ask();
    if (known?.about !== about) known = { about, answer: make(about) };
    return known.answer;
  };
}

export interface AliasPassesOptions extends WithoutChunk {
  /** The last pass of a run before this one. */
  readonly last?: LastPass<PassReport> | undefined;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tell: Tell;
  readonly onDone: (report: PassReport) => void;
}

/** The full passes of a lane, with log lines, events and metrics. */
export function aliasPasses(options: AliasPassesOptions): PassRunner<PassReport> {
  const { log, metrics, tell, unserved, last, onDone } = options;
  const pipeline = 'aliases';
  const teller = passTeller({ pipeline, log, metrics, tell, words: aliasPassWords });
  const count = ({ types }: PassReport) => {
    for (const [kind, { skipped }] of Object.entries(types)) metrics.skipped.set({ pipeline, kind }, skipped);
  };
  if (last !== undefined) count(last.report);
  return new PassRunner({
    last,
    join: joined,
    begin: (reason, scope) => {
      unserved?.begin(scope);
      const pass = beginPass(options, scope);
      teller.begun(reason, scope);
      return pass;
    },
    onDone: (report) => {
      unserved?.done();
      onDone(report);
      count(report);
      teller.done(report);
      for (const type of report.blocked) log.failure('error', blockedError(type, report));
    },
  });
}
