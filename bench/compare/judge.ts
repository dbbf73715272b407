import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../clock';
import type { Case, Program } from './program';

/** What became of a change: it arrived by itself, it took the next poll or full pass, or it is missed for good. */
export type Verdict =
  | { readonly arrived: 'by itself'; readonly ms: number }
  | { readonly arrived: 'with the next pass' }
  | { readonly arrived: 'never'; readonly missed: readonly string[] };

export interface Judged<Scene extends { readonly program: Program }> {
  readonly scene: Scene;
  readonly follows: boolean;
  readonly patienceMs: number;
  readonly differences: (scene: Scene) => Promise<readonly string[]>;
}

const lookMs = 5;
/** Passes that fail are tried again, as a service does at its next interval. */
const passes = 3;

/** @throws when the stores are not in step before the change: then nothing can be said of it */
export async function judge<Scene extends { readonly program: Program }>(
  { run }: Pick<Case<Scene>, 'run'>,
  judged: Judged<Scene>,
): Promise<Verdict> {
  const { scene, follows, differences } = judged;
  scene.program.start();
  await scene.program.ready();
  if (!follows) await scene.program.pass?.();
  const before = await differences(scene);
  if (before.length > 0) throw new Error(`not in step at the start: ${before.join(', ')}`);
  await run(scene);
  const from = monotonicMs();
  let missed: readonly string[] = [];
  if (follows) {
    missed = await untilInStep(judged);
    if (missed.length === 0) return { arrived: 'by itself', ms: monotonicMs() - from };
  }
  const { pass } = scene.program;
  for (let time = 1, done = false; pass !== undefined && !done; time++) {
    done = await pass().then(
      () => true,
      () => time === passes,
    );
    missed = await differences(scene);
    if (missed.length === 0) return { arrived: 'with the next pass' };
  }
  return { arrived: 'never', missed };
}

/** @returns what differs at the end of patience. What cannot be looked at is looked at again. */
async function untilInStep<Scene extends { readonly program: Program }>({
  scene,
  patienceMs,
  differences,
}: Judged<Scene>): Promise<readonly string[]> {
  const deadline = monotonicMs() + patienceMs;
  for (;;) {
    const found = await differences(scene).catch((error: unknown) => [String(error)]);
    if (found.length === 0 || monotonicMs() > deadline) return found;
    await delay(lookMs);
  }
}
