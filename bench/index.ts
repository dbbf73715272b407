import { demandNode } from '../src/foundation/node-floor';
demandNode();
import { Argument, Command, Option } from 'commander';
import { aliases } from './aliases/suite';
import { archive } from './archive/suite';
import { baselineFile, type Baselines, kindOf, readBaselines, withRatios, writeBaselines } from './baseline';
import { checkRatios, fails } from './gate';
import { renderGate, renderNoBaseline } from './gate-report';
import { describeMachine, type Machine } from './machine';
import { type Progress, showProgress } from './progress';
import { ratiosOf } from './ratios';
import { renderRun, writePage, writeResult } from './report';
import type { Run } from './run';
import { whenNpmIsGone } from '../src/foundation/stop-signal';
import { type Context, type Outcome, runSuite, type Suite } from './suite';

const suites: readonly Suite[] = [aliases, archive];

interface Flags {
  readonly quick?: boolean;
  readonly part?: readonly string[];
  readonly minutes?: string;
  readonly gate?: boolean;
  readonly writeBaseline?: boolean;
  readonly baseline: string;
}

/** There was nothing to compare with. A ratio that is worse, and a part that fails, are 1. */
const noBaseline = 2;

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
  .option('--minutes <minutes>', 'how long a steady rate is kept up (default 2)')
  .option('--gate', "a quick run whose ratios are compared with the baseline of this machine's kind")
  .option('--write-baseline', "a quick run whose ratios become the baseline of this machine's kind")
  .option('--baseline <file>', 'where baselines are', baselineFile);

/** What a run is about: the gate needs figures that stand beside others of the same run. */
const partsOf = ({ parts }: Suite, { part: wanted, quick, gate, writeBaseline }: Flags): Suite['parts'] =>
  parts.filter(({ name, seconds, compared = true, onlyByName = false }) => {
    if (wanted !== undefined) return wanted.includes(name);
    const comparing = gate === true || writeBaseline === true;
    const short = comparing || quick === true;
    return !onlyByName && (compared || !comparing) && (!short || seconds.length === 2);
  });

interface Running {
  readonly flags: Flags;
  readonly context: Context;
  readonly machine: Machine;
  readonly progress: Progress;
}

async function measure(suite: Suite, { flags, context, machine, progress }: Running): Promise<Run> {
  const started = new Date();
  const runOf = (outcome: Outcome): Run => ({
    suite: suite.name,
    command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    quick: context.quick,
    rounds: context.rounds,
    startedAt: started.toISOString(),
    took: Math.round((Date.now() - started.getTime()) / 1_000),
    machine,
    ...outcome,
  });
  const onEnd = (outcome: Outcome) => void writeResult(runOf(outcome));
  return runOf(await runSuite(partsOf(suite, flags), context, { onBegin: progress.begin, onEnd }));
}

/** @returns whether no ratio has become worse */
function gate({ suite, figures, machine }: Run, baselines: Baselines, whole: boolean): boolean {
  const baseline = baselines[kindOf(machine)]?.suites[suite] ?? {};
  const checked = checkRatios(baseline, ratiosOf(figures));
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
  const minutes = Number(flags.minutes ?? 2);
  if (!(minutes > 0)) command.error('error: --minutes must be a number above 0');
  const chosen = command.args.length === 0 ? names : command.args;
  const wanted = suites.filter((suite) => chosen.includes(suite.name) && partsOf(suite, flags).length > 0);
  if (wanted.length === 0) command.error(`error: ${chosen.join(' and ')} has none of these parts`);
  const machine = await describeMachine();
  const baselines = readBaselines(flags.baseline);
  const kind = kindOf(machine);
  const missing = wanted
    .map(({ name }) => name)
    .filter((name) => baselines[kind]?.suites[name] === undefined);
  if (flags.gate === true && missing.length > 0)
    command.error(`error: ${renderNoBaseline(kind, missing, Object.keys(baselines))}`, {
      exitCode: noBaseline,
    });
  const progress = showProgress(
    wanted.flatMap((suite) => partsOf(suite, flags)),
    quick,
  );
  const context = { quick, rounds: quick ? 3 : 5, minutes, progress: progress.say };
  const runs: Run[] = [];
  for (const suite of wanted) {
    const run = await measure(suite, { flags, context, machine, progress });
    runs.push(run);
    if (run.failures.length > 0) process.exitCode = 1;
  }
  progress.stop();
  for (const run of runs) {
    console.log(renderRun(run));
    console.log(`Written to ${writeResult(run)}`);
    const { suite, figures } = run;
    if (flags.writeBaseline === true) {
      const measured = { machine, suite, ratios: ratiosOf(figures), whole };
      writeBaselines(flags.baseline, withRatios(readBaselines(flags.baseline), measured));
      console.log(`Written to ${flags.baseline}`);
    } else if (flags.gate === true && !gate(run, baselines, whole)) process.exitCode = 1;
  }
  console.log(`Charts: ${writePage(runs)}`);
}

void main();
