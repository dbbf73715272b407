import { monotonicMs } from './clock';
import type { Figure } from './figure';

export interface Context {
  /** Smaller sizes and fewer rounds: for a look, not for quoting. */
  readonly quick: boolean;
  /** Measurements of each figure, of which the median counts. */
  readonly rounds: number;
  /** How long a steady rate is kept up. */
  readonly minutes: number;
  /** Says what is being done, on a terminal only. */
  readonly progress: (what: string) => void;
}

/** Some figures that share their preparation. It throws when a result is not what it should be: then none of them counts. */
export interface Part {
  readonly name: string;
  /** About how long it takes: what the progress bar goes by. A quick run leaves out what says no time for it, unless it is named. */
  readonly seconds: readonly [whole: number, quick?: number];
  /** Whether its figures stand beside others of the same run, as the gate needs them; default true. */
  readonly compared?: false;
  /** It takes too long to be measured unless it is named. */
  readonly onlyByName?: true;
  readonly measure: (context: Context) => Promise<readonly Figure[]>;
}

export interface Suite {
  readonly name: string;
  readonly parts: readonly Part[];
}

export interface Outcome {
  readonly figures: readonly Figure[];
  readonly failures: readonly { readonly part: string; readonly message: string }[];
  /** How long each part took, in seconds. */
  readonly seconds: Readonly<Record<string, number>>;
}

export interface Listener {
  readonly onBegin: (part: Part) => void;
  /** With everything so far: a run that is broken off keeps what it has measured. */
  readonly onEnd: (outcome: Outcome) => void;
}

/** Runs the parts one after the other. One that fails does not take the others' figures with it. */
export async function runSuite(
  parts: readonly Part[],
  context: Context,
  { onBegin, onEnd }: Listener,
): Promise<Outcome> {
  const figures: Figure[] = [];
  const failures: { part: string; message: string }[] = [];
  const seconds: Record<string, number> = {};
  const outcome = { figures, failures, seconds };
  for (const part of parts) {
    onBegin(part);
    const start = monotonicMs();
    try {
      figures.push(...(await part.measure(context)));
    } catch (error) {
      failures.push({ part: part.name, message: error instanceof Error ? error.message : String(error) });
    }
    seconds[part.name] = Math.round((monotonicMs() - start) / 1_000);
    onEnd(outcome);
  }
  return outcome;
}
