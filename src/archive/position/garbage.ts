import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Two halves of 16 MB, of which one is in use: what newer versions of V8 let the young generation have on a small machine, and older ones on any. */
const youngBytes = 32 * 1024 * 1024;

const youngSpace = (): number =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;

/**
 * Makes V8 collect garbage earlier. It would let garbage grow to several times what is in use, and every page is garbage once it is
 * written: while draining a backlog the process would take 240 MB instead of 200, on a large machine. No loss of speed could be measured.
 */
export function collectEarly(): void {
  setFlagsFromString('--heap-growing-percent=100');
  // It grows where it is collected. Its limit can be set for a process that is about to start alone; that it grows no further, for one that runs.
  const collections = new PerformanceObserver(() => {
    if (youngSpace() < youngBytes) return;
    setFlagsFromString('--semi-space-growth-factor=1');
    collections.disconnect();
  });
  collections.observe({ entryTypes: ['gc'] });
}
