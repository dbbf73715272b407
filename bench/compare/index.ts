import { demandNode } from '../../src/foundation/node-floor';
demandNode();
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, Command, Option } from 'commander';
import { packageRoot } from '../../src/foundation/package-root';
import { whenNpmIsGone } from '../../src/foundation/stop-signal';
import { describeMachine } from '../machine';
import { renderTable } from '../table';
import { renderComparison } from './report';
import { cases, compare, type Comparison, directions, type Direction } from './run';

interface Flags {
  readonly case?: readonly string[];
  readonly list?: boolean;
  readonly json?: boolean;
}

const allNames = [...new Set(directions.flatMap((direction) => cases[direction].map(({ name }) => name)))];
const command = new Command('npm run compare --')
  .description('Gives the same changes to Millrace and to simpler ways, and says what each of them missed')
  .addArgument(new Argument('[directions...]', 'what to compare (default: both)').choices(directions))
  .addOption(new Option('--case <names...>', 'only these changes (see --list)').choices(allNames))
  .option('--list', 'what can be tried, and nothing else')
  .option('--json', 'JSON on stdout, instead of tables and a file')
  .addHelpText(
    'after',
    `
Each change has stores of its own. No pass of the interval helps by chance: what somebody has not done by itself when it has had its time, it may do
with one pass of its own (a poll, or a full pass), if it has such a thing. What is wrong after that is missed.
The result goes to bench/results/compare-latest.json. Exit code: 0, whatever was missed; 1 if something could not be tried.`,
  );

/** One line on a terminal, rewritten; nothing where stderr is a file. */
function progress(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`);
}

function list(chosen: readonly Direction[]): string {
  const rows = chosen.flatMap((direction) =>
    cases[direction].map(({ name, what }) => [direction, name, what]),
  );
  return renderTable([['direction', 'case', 'change'], ...rows]).join('\n');
}

/** @returns the path */
function write(text: string): string {
  const folder = join(packageRoot, 'bench', 'results');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'compare-latest.json');
  writeFileSync(file, text);
  return file;
}

async function main(): Promise<void> {
  whenNpmIsGone(() => process.exit(1)); // its servers end with it, and its daemons notice
  command.parse();
  const { case: wanted, list: lists = false, json = false }: Flags = command.opts();
  const chosen = directions.filter((one) => command.args.length === 0 || command.args.includes(one));
  if (lists) {
    console.log(list(chosen));
    return;
  }
  const names = wanted === undefined ? undefined : new Set(wanted);
  const having = chosen.filter((one) => cases[one].some(({ name }) => names?.has(name) ?? true));
  if (having.length === 0) command.error(`error: ${chosen.join(' and ')} has none of these cases`);
  const startedAt = new Date();
  const comparisons: Comparison[] = [];
  for (const one of having) {
    const comparison = await compare(one, { names, progress });
    progress('');
    comparisons.push(comparison);
    if (!json) console.log(renderComparison(comparison));
  }
  const machine = await describeMachine();
  const text = JSON.stringify({ startedAt: startedAt.toISOString(), machine, comparisons }, null, 2) + '\n';
  if (json) process.stdout.write(text);
  else console.log(`Written to ${write(text)}`);
  const outcomes = comparisons.flatMap(({ rows }) => rows.flatMap((row) => Object.values(row.outcomes)));
  if (outcomes.some(({ arrived }) => arrived === 'not tried')) process.exitCode = 1;
}

void main();
