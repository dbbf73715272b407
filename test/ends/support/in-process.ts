import { Command } from 'commander';
import { verbsFor } from '../../../src/commands/verbs';
import { describeError } from '../../../src/foundation/errors';

export interface Ended {
  readonly what: string;
  /** Its exit code, or the error's code; undefined: it has not ended. */
  readonly result: string | undefined;
}

/** Whether it ends within `withinMs`, in whatever way. */
export async function endOf(what: string, work: Promise<unknown>, withinMs: number): Promise<Ended> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), withinMs);
  });
  const ended = work.then(
    (result) => (typeof result === 'number' ? String(result) : 'done'),
    (error: unknown) => describeError(error).code,
  );
  const result = await Promise.race([ended, late]);
  clearTimeout(timer);
  return { what, result };
}

/** `millrace …` in this process. The environment is read before anything is awaited, so that several may run at once. */
export async function runVerb(line: string, env: Readonly<Record<string, string>>): Promise<number> {
  const args = line.split(' ');
  const program = new Command('millrace').exitOverride();
  let code = -1;
  for (const add of await verbsFor(args[0])) {
    add(program, async (verb) => {
      code = await verb(new AbortController().signal);
    });
  }
  Object.assign(process.env, env);
  await program.parseAsync(args, { from: 'user' });
  return code;
}
