import { Gauge, type Registry } from 'prom-client';
import type { PipelineName } from '../config/names';

/** The gauges of a pipeline; each has the label `pipeline`. */
const gauges = {
  lagSeconds: ['millrace_lag_seconds', 'Age of the oldest change not yet in the target; 0 when in step'],
  lagRecords: ['millrace_lag_records', 'Log entries after the checkpoint'],
  checkpointAgeSeconds: [
    'millrace_checkpoint_age_seconds',
    'How long the checkpoint has stood still although changes wait; 0 when none waits',
  ],
  paused: ['millrace_paused', '1 while an operator has paused the pipeline'],
  passSeconds: ['millrace_pass_duration_seconds', 'How long the last complete full pass took'],
  passFinishedAt: ['millrace_pass_finished_timestamp_seconds', 'When the last complete full pass ended'],
  passRunning: ['millrace_pass_running', '1 while a full pass is under way, or due'],
  passIntervalSeconds: ['millrace_pass_interval_seconds', 'Full passes are due this often'],
  nextPassAt: ['millrace_next_pass_timestamp_seconds', 'When the next full pass is due by the interval'],
  changelogRows: ['millrace_changelog_rows', 'Rows the changelog holds, those of the last day included'],
  captured: ['millrace_capture_installed', '1 while the triggers are in place, 0: full passes alone'],
  owner: ['millrace_owner', '1 while this instance owns the stream, 0: it stands by, or is starting'],
  mirrorListening: [
    'millrace_mirror_listening',
    '1 while plain writes are noticed as they happen, 0: refused or down',
  ],
  deadLetters: ['millrace_dead_letters', 'Parked records'],
  streamEntries: ['millrace_stream_entries', 'Entries the stream holds'],
  redisUsedBytes: ['millrace_redis_memory_used_bytes', 'Memory Redis uses'],
  redisLimitBytes: ['millrace_redis_memory_limit_bytes', 'maxmemory, or the memory of the machine'],
  redisFullInSeconds: [
    'millrace_redis_memory_full_in_seconds',
    'Until Redis is full at the rate of the last two minutes; absent while it does not grow',
  ],
  redisEvicts: ['millrace_redis_may_evict', '1 while maxmemory-policy lets Redis drop the stream'],
} as const;

/** The values of the gauges. Null or absent: not known, or without meaning now; then the gauge is not shown, for any number would be a lie. */
export type Readings = { readonly [Name in keyof typeof gauges]?: number | null };

/**
 * Makes gauges that are read when they are scraped: gauges set from elsewhere would show the past.
 * @returns a function that has a pipeline read from now on
 */
export function createGauges(registry: Registry): (pipeline: PipelineName, read: () => Readings) => void {
  const sources = new Map<PipelineName, () => Readings>();
  for (const [reading, [name, help]] of Object.entries(gauges)) {
    new Gauge({
      name,
      help,
      labelNames: ['pipeline'] as const,
      registers: [registry],
      collect() {
        this.reset();
        for (const [pipeline, read] of sources) {
          const value = read()[reading as keyof Readings] ?? null;
          if (value !== null) this.set({ pipeline }, value);
        }
      },
    });
  }
  return (pipeline, read) => {
    sources.set(pipeline, oncePerScrape(read));
  };
}

/** All gauges of a scrape are collected in one turn of the event loop, and show one state. */
function oncePerScrape<T>(read: () => T): () => T {
  let kept: { readonly value: T } | undefined;
  return () => {
    if (kept === undefined) {
      kept = { value: read() };
      queueMicrotask(() => {
        kept = undefined;
      });
    }
    return kept.value;
  };
}
