import type { Command } from 'commander';
import type { RunVerb } from '../options';
import { initCommand } from './init';

/** `millrace config …`: the file of mappings. */
export function configCommand(program: Command, run: RunVerb): void {
  const config = program.command('config').description('the file of mappings, millrace.yaml');
  initCommand(config, run);
}
