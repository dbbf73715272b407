import type { Command } from 'commander';
import { diagnose } from '../status/diagnose';
import type { Finding } from '../status/finding';
import { useRunningDaemon } from '../stores';
import { configOf, type Run, withOptions } from './options';

const mark = { ok: '✓', note: '·', problem: '✗' } as const;

const examples = `
Examples:
  millrace doctor                          everything, with what to do about it
  millrace doctor --only archive
  millrace doctor --json | jq '.[] | select(.level == "problem")'

Exit code: 0 nothing is wrong (notes are no problems), 1 something is. It changes nothing.`;

/** `millrace doctor`: looks at everything that has to be right, and says what to do about what is not. */
export function doctorCommand(program: Command, run: Run): void {
  withOptions(
    program
      .command('doctor')
      .description(
        'check connections, versions, triggers, tables, grants, drift, checkpoints, lag and memory',
      )
      .option('--json', 'print the findings as JSON'),
    ['redisUrl', 'postgresUrl', 'dbPath', 'only'],
  )
    .addHelpText('after', examples)
    .action((flags: Record<string, unknown>) =>
      run(async () => {
        const findings = await diagnose(useRunningDaemon(configOf(flags)));
        if (flags['json'] === true) console.log(JSON.stringify(findings));
        else for (const finding of findings) print(finding);
        return findings.some((finding) => finding.level === 'problem') ? 1 : 0;
      }),
    );
}

function print({ level, what, remedy }: Finding): void {
  console.log(`${mark[level]} ${what}`);
  if (remedy !== undefined) console.log(`    → ${remedy}`);
}
