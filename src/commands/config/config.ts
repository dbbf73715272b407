import type { Command } from 'commander';
import type { RunVerb } from '../options';
import { applyCommand } from './apply';
import { checkCommand } from './check';
import { initCommand } from './init';
import { planCommand } from './plan';
import { showCommand } from './show';

const examples = `
Examples:
  millrace config init --db shop.db  propose a millrace.yaml for what is there
  millrace config check              is millrace.yaml in order, as far as the file alone can tell
  millrace config plan               what they would do to the stores; apply does it
  millrace config show               which mappings are in force, and where each is from`;

/** `millrace config …`: the file of mappings. */
export function configCommand(program: Command, run: RunVerb): void {
  const config = program
    .command('config')
    .description('the file of mappings, millrace.yaml: which keys hold what')
    .addHelpText('after', examples);
  initCommand(config, run);
  checkCommand(config, run);
  planCommand(config, run);
  applyCommand(config, run);
  showCommand(config, run);
}
