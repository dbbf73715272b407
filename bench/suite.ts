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
  /** Called after each part with everything so far: a run that is broken off keeps what it has measured. */
  readonly onPart?: (outcome: Outcome) => void;
}

/** Some figures that share their preparation. It throws when a result is not what it should be: then none of them counts. */
export interface Part {
  readonly name: string;
  /** Whether its figures stand beside others of the same run, as the gate needs them; default true. */
  readonly compared?: false;
  readonly measure: (context: Context) => Promise<readonly Figure[]>;
}

export interface Suite {
  readonly name: string;
  readonly parts: readonly Part[];
}

export interface Outcome {
  readonly figures: readonly Figure[];
  readonly failures: readonly { readonly part: string; readonly message: string }[];
}

/** Runs the parts one after the other. One that fails does not take the others' figures with it. */
export async function runSuite(parts: readonly Part[], context: Context): Promise<Outcome> {
  const figures: Figure[] = [];
  const failures: { part: string; message: string }[] = [];
  for (const part of parts) {
    const progress = (what: string) => {
      context.progress(`${part.name}: ${what}`);
    };
    try {
      figures.push(...(await part.measure({ ...context, progress })));
    } catch (error) {
      failures.push({ part: part.name, message: error instanceof Error ? error.message : String(error) });
    }
    context.onPart?.({ figures, failures });
  }
  return { figures, failures };
}
