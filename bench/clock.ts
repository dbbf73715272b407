/**
 * Milliseconds of the machine's monotonic clock, the same in every process of this machine (unlike performance.now), with
 * a resolution far below a microsecond.
 */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** How long the work takes, in milliseconds. */
export async function timed(work: () => unknown): Promise<number> {
  const start = monotonicMs();
  await work();
  return monotonicMs() - start;
}
