import { demandNode } from '../../src/foundation/node-floor';
demandNode();
import { Argument, Command } from 'commander';
import { describeMachine } from '../../bench/machine';
import { renderTable } from '../../bench/table';
import { monotonicMs } from '../../bench/clock';
import { whenNpmIsGone } from '../../src/foundation/stop-signal';
import type { Fault } from './faults/fault';
import { faults } from './faults/registry';
import { stormOf } from './faults/storm';
import { randomOf } from './random';
import { isFound, renderFindings, renderOutcomes, writeReport } from './report';
import { runChaos } from './run-chaos';
import type { Outcome } from './run-fault';

interface Flags {
  readonly list?: boolean;
  readonly seed?: string;
  readonly minutes?: string;
}

const stormSeconds = 30;
const storm = (seconds: number) => stormOf(faults, seconds);
const known: readonly Fault[] = [...faults, storm(stormSeconds)];

const command = new Command('npm run chaos --')
  .description(
    'Does to Millrace and its stores what can happen to them, while applications write and readers read, and judges what they saw',
  )
  .addArgument(
    new Argument('[faults...]', 'which faults (default: all, and a storm)').choices(
      known.map(({ name }) => name),
    ),
  )
  .option('--list', 'says which faults there are')
  .option(
    '--seed <number>',
    'makes the same choices as the run that printed it (default: another one each time)',
  )
  .option(
    '--minutes <minutes>',
    'goes on with faults chosen at random until so much time is over; a storm alone lasts as long',
  );

const progress = (what: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`);
};

function list(): void {
  const rows = known.map(({ name, party, what, alone }) => [name, party, what, alone ?? '']);
  console.log(renderTable([['fault', 'of', 'what happens', 'not in a storm'], ...rows]).join('\n'));
}

function numberOf(flag: string, text: string, isFine: (value: number) => boolean, should: string): number {
  const value = Number(text);
  if (text.trim() === '' || !isFine(value))
    command.error(`error: ${flag} must be ${should}, and is '${text}'`);
  return value;
}

/** The faults that were asked for, once; with minutes any of them, again and again. */
function* chosenFaults(
  chosen: readonly Fault[],
  minutes: number | undefined,
  pick: () => Fault,
): Generator<Fault> {
  if (minutes === undefined) {
    yield* chosen;
    return;
  }
  const until = monotonicMs() + minutes * 60_000;
  if (chosen.length === 1 && chosen[0]?.name === 'storm') yield storm(minutes * 60);
  while (monotonicMs() < until) yield pick();
}

async function main(): Promise<void> {
  whenNpmIsGone(() => process.exit(1)); // its servers end with it, and its daemons notice
  command.parse();
  const flags: Flags = command.opts();
  if (flags.list === true) {
    list();
    return;
  }
  const isSeed = (value: number) => Number.isInteger(value) && value >= 0 && value < 2 ** 32;
  const seed =
    flags.seed === undefined
      ? Math.floor(Math.random() * 2 ** 32)
      : numberOf('--seed', flags.seed, isSeed, 'a whole number from 0 to 4294967295');
  const minutes =
    flags.minutes === undefined
      ? undefined
      : numberOf('--minutes', flags.minutes, (value) => value > 0 && value < Infinity, 'a number above 0');
  const chosen =
    command.args.length === 0
      ? known
      : command.args.flatMap((name) => known.filter((fault) => fault.name === name));
  const startedAt = new Date().toISOString();
  console.log(
    `Seed ${seed}: npm run chaos -- ${[...command.args, '--seed', seed, ...(flags.minutes ? ['--minutes', flags.minutes] : [])].join(' ')}`,
  );
  const random = randomOf(seed);
  const order = random.named('order');
  const machine = await describeMachine();
  const outcomes: Outcome[] = [];
  const report = () =>
    writeReport({
      command: ['npm run chaos --', ...process.argv.slice(2)].join(' '),
      seed,
      startedAt,
      machine,
      outcomes,
    });
  await runChaos({
    faults: chosenFaults(chosen, minutes, () => order.pick(chosen)),
    seed,
    random,
    keep: true,
    onBegin: ({ name }) => {
      progress(name);
    },
    onOutcome: (outcome, kept) => {
      progress('');
      outcomes.push(outcome);
      const found = isFound(outcome);
      console.log(`${found ? 'FOUND' : 'fine '} ${outcome.fault} (${outcome.seconds} s)`);
      for (const line of renderFindings(outcome)) console.log(line);
      if (kept !== undefined) console.log(`  Kept for a look: ${kept}`);
      report();
    },
  });
  console.log(`\n${renderOutcomes(outcomes)}\n\nWritten to ${report()}`);
  if (outcomes.some(isFound)) process.exitCode = 1;
}

void main();
