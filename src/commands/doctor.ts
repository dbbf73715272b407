import type { Command } from 'commander';
import { diagnose } from '../doctor/diagnose';
import type { Finding } from '../pipeline/finding';
import { useRunningDaemon } from '../embedded/stores';
import { configOf, type RunVerb, withOptions } from './options';
import { print, printJson } from '../terminal/print';

const mark = { ok: '✓', note: '·', problem: '✗' } as const;

const examples = `
Examples:
  millrace doctor                          everything, with what to do about it
  millrace doctor --only archive
  millrace doctor --json | jq '.[] | select(.level == "problem")'

Exit code: 0 nothing is wrong (notes are no problems), 1 something is. It changes nothing.`;

/** `millrace doctor`: looks at everything that has to be right, and says what to do about what is not. */
export function doctorCommand(program: Command, run: RunVerb): void {
  withOptions(
    program
      .command('doctor')
      .description(
        'check connections, versions, triggers, tables, grants, drift, checkpoints, lag and memory',
      )
      .option('--json', 'print the findings as JSON'),
    ['redisUrl', 'postgresUrl', 'dbPath', 'only', 'config'],
  )
    .addHelpText('after', examples)
    .action((flags: Record<string, unknown>) =>
      run(async () => {
        const findings = await diagnose(useRunningDaemon(configOf(flags)));
        if (flags['json'] === true) printJson(findings);
        else for (const finding of findings) tell(finding);
        return findings.some((finding) => finding.level === 'problem') ? 1 : 0;
      }),
    );
}

function tell({ level, what, remedy }: Finding): void {
  print(`${mark[level]} ${what}`);
  if (remedy !== undefined) print(`    → ${remedy}`);
}
