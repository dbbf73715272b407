import { availableParallelism, loadavg } from 'node:os';

/**
 * How many times as long as on a quiet machine things may take before that is a fault: what is there to be done is shared out among
 * all who want to do something. A limit that a test is about holds on a quiet machine; on a busy one it tells of the machine.
 */
export const patience = (): number => Math.min(10, Math.max(1, (loadavg()[0] ?? 0) / availableParallelism()));
