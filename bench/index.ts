import { Argument, Command } from 'commander';
import { aliases } from './aliases/suite';
import { describeMachine } from './machine';
import { renderRun, writeResult } from './report';
import { type Outcome, runSuite, type Suite } from './suite';

const suites: readonly Suite[] = [aliases];

interface Flags {
  readonly quick?: boolean;
  readonly part?: readonly string[];
}

/** One line on a terminal, rewritten; nothing where stderr is a file. */
function progress(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`);
}

async function main(): Promise<void> {
  const names = suites.map((suite) => suite.name);
  const program = new Command('npm run bench --')
    .description('Measures Millrace beside its baselines; results go to bench/results')
    .addArgument(new Argument('[suites...]', 'what to measure (default: all)').choices(names))
    .option('--quick', 'smaller sizes and 3 rounds instead of 5: for a look, not for quoting')
    .option(
      '--part <names...>',
      `only these parts of ${suites.map(({ name, parts }) => `${name}: ${parts.map((part) => part.name).join(', ')}`).join('; ')}`,
    )
    .parse();
  const flags: Flags = program.opts();
  const chosen = program.args.length === 0 ? names : program.args;
  const quick = flags.quick === true;
  const rounds = quick ? 3 : 5;
  const machine = await describeMachine();
  for (const { name, parts } of suites.filter((suite) => chosen.includes(suite.name))) {
    const started = new Date();
    const wanted = parts.filter((part) => flags.part?.includes(part.name) ?? true);
    const runOf = (outcome: Outcome) => ({
      suite: name,
      command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
      quick,
      rounds,
      startedAt: started.toISOString(),
      seconds: Math.round((Date.now() - started.getTime()) / 1_000),
      machine,
      ...outcome,
    });
    const onPart = (outcome: Outcome) => void writeResult(runOf(outcome));
    const run = runOf(await runSuite(wanted, { quick, rounds, progress, onPart }));
    progress('');
    console.log(renderRun(run));
    console.log(`Written to ${writeResult(run)}`);
    if (run.failures.length > 0) process.exitCode = 1;
  }
}

void main();
