import type { Log } from '../../log/log';
import type { Metrics } from '../../metrics/metrics';
import type { Tell } from '../../pipeline/event';
import { type Pass, PassRunner } from '../../pipeline/pass-runner';
import { FullPass, type PassOptions, type TypeResult } from './full-pass';
import { breakerError, type PassReport, passStarted, passSummary, recordPass } from './report';

/** Aliases in a chunk: few enough that a fresh change does not wait long for the two chunks on their way, enough to make round trips weigh little. */
const chunk = 1_000;

type WithoutChunk = Omit<PassOptions, 'chunk'>;

/** A full pass that ends with a report. */
export function beginPass(options: WithoutChunk): Pass<PassReport> {
  const pass = new FullPass({ ...options, chunk });
  const startedAt = Date.now();
  const moment = performance.now();
  return {
    get progress() {
      return pass.progress;
    },
    step: async () => {
      const results = await pass.step();
      if (results === 'more') return 'more';
      return reportOf(results, startedAt, Math.round(performance.now() - moment));
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
  return new PassRunner({
    begin: (reason) => {
      unserved?.begin();
      const pass = beginPass(options);
      log.info('pass started', { event: 'pass.start', pipeline, reason, text: passStarted() });
      tell({ type: 'pass-started', reason });
      return pass;
    },
    onDone: (report) => {
      unserved?.done();
      onDone(report);
      recordPass(metrics, report);
      const differences = report.added + report.updated + report.deleted;
      tell({ type: 'pass-done', ms: report.ms, differences });
      log.info('pass complete', { event: 'pass.done', pipeline, ...report, text: passSummary(report) });
      for (const type of report.blocked) log.failure('error', breakerError(type, report));
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
