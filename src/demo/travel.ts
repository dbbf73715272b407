import { fatal } from '../foundation/errors';

/** A change that has arrived. `change` and `found` are what a person would type to see the same. */
export interface Travelled {
  readonly change: string;
  readonly found: string;
  /** Milliseconds from the change (its commit or reply) until it was seen. */
  readonly ms: number;
}

export interface Journey {
  readonly change: string;
  readonly make: () => unknown;
  /** What is asked where the change must arrive, again and again, and the answer. */
  readonly question: () => string;
  readonly look: () => Promise<string | null>;
  readonly wanted: string | null;
}

const deadlineMs = 5_000;

/** Makes a change and looks for it until it is there. @throws E_DEMO when it does not come, and when stopped */
export async function travel(
  { change, make, question, look, wanted }: Journey,
  signal: AbortSignal,
): Promise<Travelled> {
  await make();
  const made = performance.now();
  for (;;) {
    signal.throwIfAborted();
    const found = await look();
    const ms = performance.now() - made;
    if (found === wanted) return { change, found: `${question()}  ->  ${shown(found)}`, ms };
    if (ms > deadlineMs) {
      throw fatal(
        `a change has not arrived in ${Math.round(ms)} ms\n  ${change}\n  ${question()}  ->  ${shown(found)}, and should be ${shown(wanted)}`,
        { code: 'E_DEMO', hint: '`millrace status` and `millrace doctor` say what is in the way.' },
      );
    }
  }
}

const shown = (value: string | null): string => value ?? '(nil)';

/** A change as two lines. */
export const told = ({ change, found, ms }: Travelled): string =>
  `  ${change}\n  ${found}   ${ms.toFixed(1)} ms later\n`;
