import type { Machine } from './machine';
import type { Outcome } from './suite';

/** A suite that was measured. */
export interface Run extends Outcome {
  readonly suite: string;
  readonly command: string;
  readonly quick: boolean;
  readonly rounds: number;
  readonly startedAt: string;
  /** Seconds, all in all. */
  readonly took: number;
  readonly machine: Machine;
}

/** What was measured when, where and how. */
export function describeRun({ command, startedAt, rounds, took, quick, machine }: Run): readonly string[] {
  const { cpu, cores, memoryGb, system, node, redis, sqlite, postgres, millrace, commit } = machine;
  return [
    `${command}, ${startedAt}: medians of ${rounds}, ${took} s in all.`,
    `${cpu}, ${cores} cores, ${memoryGb} GB, ${system}; Node ${node}, Redis ${redis}, SQLite ${sqlite}, ` +
      `Postgres ${postgres}; Millrace ${millrace}, commit ${commit}.`,
    ...(quick ? ['Quick run: smaller sizes than the bars are meant for. Not for quoting.'] : []),
  ];
}
