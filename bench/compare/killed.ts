import { setTimeout as delay } from 'node:timers/promises';
import type { Program } from './program';

/** kill -9 while it is at work with what is written, and a new start. */
export async function killedInTheMiddle(
  { program, follows }: { readonly program: Program; readonly follows: boolean },
  write: () => Promise<unknown>,
): Promise<void> {
  const writing = write();
  if (!follows) {
    await writing;
    program.pass?.().catch(() => undefined);
  }
  await delay(amidMs);
  await program.kill();
  await writing;
  program.start();
}

/** By then it has begun, and is not through. */
const amidMs = 60;
