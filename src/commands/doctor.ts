import type { Command } from 'commander';
import { examine, type Finding } from '../aliases/examine';
import { useRunningDaemon } from '../stores';
import { configOf, type Run, withOptions } from './options';

const mark = { ok: '✓', note: '·', problem: '✗' } as const;

/** `millrace doctor`: looks at everything that has to be right, and says what to do about what is not. */
export function doctorCommand(program: Command, run: Run): void {
  withOptions(
    program
      .command('doctor')
      .description('check connections, versions, journal mode, triggers, drift, checkpoint and lag')
      .option('--json', 'print the findings as JSON'),
    ['redisUrl', 'dbPath'],
  ).action((flags: Record<string, unknown>) =>
    run(async () => {
      const findings = await examine(useRunningDaemon(configOf(flags)));
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
