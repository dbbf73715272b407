import type { Command } from 'commander';
import { examine } from '../aliases/examine';
import { examineArchive } from '../archive/examine';
import { type Config, requirePostgres } from '../config';
import { type Finding, ok, problem } from '../status/finding';
import { useRunningDaemon } from '../stores';
import { configOf, type Run, withOptions } from './options';

const mark = { ok: '✓', note: '·', problem: '✗' } as const;

/** `millrace doctor`: looks at everything that has to be right, and says what to do about what is not. */
export function doctorCommand(program: Command, run: Run): void {
  withOptions(
    program
      .command('doctor')
      .description('check connections, versions, triggers, tables, grants, drift, checkpoints and lag')
      .option('--json', 'print the findings as JSON'),
    ['redisUrl', 'postgresUrl', 'dbPath', 'only'],
  ).action((flags: Record<string, unknown>) =>
    run(async () => {
      const config = useRunningDaemon(configOf(flags));
      const findings = [ok(`Node ${process.versions.node} on ${process.platform}`)];
      if (config.pipelines.includes('aliases')) findings.push(...(await examine(config)));
      if (config.pipelines.includes('archive')) findings.push(...(await archiveFindings(config)));
      if (flags['json'] === true) console.log(JSON.stringify(findings));
      else for (const finding of findings) print(finding);
      return findings.some((finding) => finding.level === 'problem') ? 1 : 0;
    }),
  );
}

async function archiveFindings(config: Config): Promise<readonly Finding[]> {
  try {
    return await examineArchive(config, requirePostgres(config));
  } catch (error) {
    return [problem(error)];
  }
}

function print({ level, what, remedy }: Finding): void {
  console.log(`${mark[level]} ${what}`);
  if (remedy !== undefined) console.log(`    → ${remedy}`);
}
