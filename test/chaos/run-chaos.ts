import type { Fault } from './faults/fault';
import type { Random } from './random';
import { isFound } from './report';
import { type Outcome, runFault } from './run-fault';
import { Scene, type SceneOptions } from './scene/scene';

export interface ChaosOptions extends SceneOptions {
  readonly faults: Iterable<Fault>;
  readonly seed: number;
  readonly random: Random;
  /** Within which the stores have to come into step after each. */
  readonly patienceMs?: number;
  readonly onBegin?: (fault: Fault) => void;
  readonly onOutcome?: (outcome: Outcome, kept: string | undefined) => void;
  /** The folder of a scene in which something was found stays, for whoever wants to look. */
  readonly keep?: boolean;
}

/** One fault after the other, on one scene; where something was found, the next one begins on another. */
export async function runChaos(options: ChaosOptions): Promise<readonly Outcome[]> {
  const { faults, seed, random, keep = false } = options;
  const outcomes: Outcome[] = [];
  let scene: Scene | undefined;
  try {
    for (const fault of faults) {
      const at = outcomes.length;
      options.onBegin?.(fault);
      scene ??= await Scene.open(options);
      // By its name and place: the same fault of the same seed makes the same choices, whatever was run before it.
      const own = random
        .named(fault.name)
        .named(String(outcomes.filter((outcome) => outcome.fault === fault.name).length));
      const outcome = await runFault(scene, fault, {
        round: `r${at + 1}`,
        seed,
        random: own,
        patienceMs: options.patienceMs,
      });
      outcomes.push(outcome);
      const found = isFound(outcome);
      options.onOutcome?.(outcome, found && keep ? scene.folder : undefined);
      if (!found) continue;
      await scene.close({ keep });
      scene = undefined;
    }
    return outcomes;
  } finally {
    await scene?.close();
  }
}
