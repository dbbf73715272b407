#!/usr/bin/env node
import { demandNode } from './foundation/node-floor';
demandNode((sentence) => {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
});
import { hearHangUps } from './foundation/early-hang-up';
hearHangUps(); // a daemon that is starting is asked already
import { keepCompiled } from './foundation/compile-cache';
keepCompiled(); // what is loaded from here on
import { runCommandLine } from './commands/command-line';
import { stopSignal } from './foundation/stop-signal';

async function main(): Promise<void> {
  const stop = stopSignal();
  // If the reader of our output is gone (`| head -1`), or its disk is full, the verb still does its work.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  process.exitCode = await runCommandLine(process.argv.slice(2), stop);
}

void main();
