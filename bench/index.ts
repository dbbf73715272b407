import { demandNode } from '../src/foundation/node-floor';
demandNode();
import { Argument, Command, Option } from 'commander';
import { aliases } from './aliases/suite';
import { archive } from './archive/suite';
import { readBaseline, writeBaseline } from './baseline';
import { checkRatios, fails } from './gate';
import { renderGate } from './gate-report';
import { describeMachine } from './machine';
import { ratiosOf } from './ratios';
import { renderRun, type Run, writeResult } from './report';
import { whenNpmIsGone } from '../src/foundation/stop-signal';
import { type Context, type Outcome, runSuite, type Suite } from './suite';

const suites: readonly Suite[] = [aliases, archive];

interface Flags {
  readonly quick?: boolean;
  readonly part?: readonly string[];
  readonly minutes?: string;
  readonly gate?: boolean;
  readonly writeBaseline?: boolean;
}

/** One line on a terminal, rewritten; nothing where stderr is a file. */
function progress(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`);
}

const names = suites.map((suite) => suite.name);
const partNames = suites
  .map(({ name, parts }) => `${name}: ${parts.map((part) => part.name).join(', ')}`)
  .join('; ');
const allParts = suites.flatMap(({ parts }) => parts.map(({ name }) => name));
const command = new Command('npm run bench --')
  .description('Measures Millrace beside its baselines; results go to bench/results')
  .addArgument(new Argument('[suites...]', 'what to measure (default: all)').choices(names))
  .option('--quick', 'smaller sizes and 3 rounds instead of 5: for a look, not for quoting')
  .addOption(new Option('--part <names...>', `only these parts of ${partNames}`).choices(allParts))
  .option('--minutes <minutes>', 'how long a steady rate is kept up (default 10, quick 2)')
  .option('--gate', 'a quick run whose ratios are compared with those of bench/baseline.json')
  .option('--write-baseline', 'a quick run whose ratios become bench/baseline.json');

/** What a run is about: the gate needs figures that stand beside others of the same run. */
const partsOf = ({ parts }: Suite, { part: wanted, gate, writeBaseline: writes }: Flags): Suite['parts'] =>
  parts.filter(({ name, compared }) =>
    wanted === undefined ? !(gate === true || writes === true) || compared !== false : wanted.includes(name),
  );

async function measure(suite: Suite, flags: Flags, context: Omit<Context, 'onPart'>): Promise<Run> {
  const started = new Date();
  const machine = await describeMachine();
  const runOf = (outcome: Outcome): Run => ({
    suite: suite.name,
    command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    quick: context.quick,
    rounds: context.rounds,
    startedAt: started.toISOString(),
    seconds: Math.round((Date.now() - started.getTime()) / 1_000),
    machine,
    ...outcome,
  });
  const onPart = (outcome: Outcome) => void writeResult(runOf(outcome));
  return runOf(await runSuite(partsOf(suite, flags), { ...context, onPart }));
}

/** @returns whether no ratio has become worse */
function gate({ suite, figures }: Run, whole: boolean): boolean {
  const checked = checkRatios(readBaseline(suite), ratiosOf(figures));
  // Where only some parts were measured, the others are not missing.
  const shown = checked.filter(({ verdict }) => whole || verdict !== 'missing');
  console.log(renderGate(suite, shown));
  return !shown.some(fails);
}

async function main(): Promise<void> {
  whenNpmIsGone(() => process.exit(1)); // its servers end with it, and its daemons notice
  command.parse();
  const flags: Flags = command.opts();
  const whole = flags.part === undefined;
  const quick = flags.quick === true || flags.gate === true || flags.writeBaseline === true;
  const minutes = Number(flags.minutes ?? (quick ? 2 : 10));
  if (!(minutes > 0)) command.error('error: --minutes must be a number above 0');
  const chosen = command.args.length === 0 ? names : command.args;
  const wanted = suites.filter((suite) => chosen.includes(suite.name) && partsOf(suite, flags).length > 0);
  if (wanted.length === 0) command.error(`error: ${chosen.join(' and ')} has none of these parts`);
  for (const { name } of wanted) {
    if (flags.gate !== true || Object.keys(readBaseline(name)).length > 0) continue;
    command.error(`error: bench/baseline.json has no ratios of ${name}: make them with --write-baseline`);
  }
  for (const suite of wanted) {
    const run = await measure(suite, flags, { quick, rounds: quick ? 3 : 5, minutes, progress });
    progress('');
    console.log(renderRun(run));
    console.log(`Written to ${writeResult(run)}`);
    if (run.failures.length > 0) process.exitCode = 1;
    if (flags.writeBaseline === true) {
      console.log(`Written to ${writeBaseline(run.suite, ratiosOf(run.figures), run.machine, whole)}`);
    } else if (flags.gate === true && !gate(run, whole)) process.exitCode = 1;
  }
}

void main();
