import type { Log } from '../../log/log';
import type { Metrics } from '../../metrics/metrics';
import type { Tell } from '../../pipeline/event';
import { type Pass, PassRunner } from '../../pipeline/pass-runner';
import { passTeller } from '../../pipeline/pass-teller';
import { AliasFullPass, type PassOptions } from './full-pass';
import type { TypeResult } from './type-counts';
import { aliasPassWords, blockedError, type PassReport } from './report';

/** Aliases in a chunk: few enough that a fresh change does not wait long for the two chunks on their way, enough to make round trips weigh little. */
const chunk = 1_000;

type WithoutChunk = Omit<PassOptions, 'chunk'>;

/** A full pass that ends with a report. */
export function beginPass(options: WithoutChunk): Pass<PassReport> {
  const pass = new AliasFullPass({ ...options, chunk });
  const documents = [...options.truths().keys()].filter((name) => !options.aliasTruths().has(name));
  const startedAt = Date.now();
  const moment = performance.now();
  return {
    get progress() {
      return pass.progress;
    },
    step: async () => {
      const results = await pass.step();
      if (results === 'more') return 'more';
      const report = reportOf(results, startedAt, Math.round(performance.now() - moment));
      return documents.length === 0 ? report : { ...report, documents };
    },
  };
}

export interface AliasPassesOptions extends WithoutChunk {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tell: Tell;
  readonly onDone: (report: PassReport) => void;
}

/** The full passes of a lane, with log lines, events and metrics. */
export function aliasPasses(options: AliasPassesOptions): PassRunner<PassReport> {
  const { log, metrics, tell, unserved, onDone } = options;
  const pipeline = 'aliases';
  const teller = passTeller({ pipeline, log, metrics, tell, words: aliasPassWords });
  return new PassRunner({
    begin: (reason) => {
      unserved?.begin();
      const pass = beginPass(options);
      teller.begun(reason);
      return pass;
    },
    onDone: (report) => {
      unserved?.done();
      onDone(report);
      for (const [kind, { skipped }] of Object.entries(report.types))
        metrics.skipped.set({ pipeline, kind }, skipped);
      teller.done(report);
      for (const type of report.blocked) log.failure('error', blockedError(type, report));
    },
  });
}

function reportOf(results: ReadonlyMap<string, TypeResult>, startedAt: number, ms: number): PassReport {
  const sum = (count: (result: TypeResult) => number) =>
    [...results.values()].reduce((total, result) => total + count(result), 0);
  return {
    startedAt,
    ms,
    total: sum((result) => result.total),
    added: sum((result) => result.added),
    updated: sum((result) => result.updated),
    deleted: sum((result) => result.deleted),
    skipped: sum((result) => result.skipped),
    types: Object.fromEntries(results),
    blocked: [...results].filter(([, result]) => result.blocked !== undefined).map(([type]) => type),
  };
}
