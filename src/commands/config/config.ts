import type { Command } from 'commander';
import type { RunVerb } from '../options';
import { addApply } from './apply';
import { addCheck } from './check';
import { addInit } from './init';
import { addPlan } from './plan';
import { addShow } from './show';

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
  addInit(config, run);
  addCheck(config, run);
  addPlan(config, run);
  addApply(config, run);
  addShow(config, run);
}
