import { Argument, type Command } from 'commander';
import { completionScript, type Shell, shells } from '../terminal/completion-scripts';
import { catalogue, type RunVerb } from './options';

const examples = `
Examples, once for each user:
  millrace completion bash > ~/.local/share/bash-completion/completions/millrace
  millrace completion zsh > "\${fpath[1]}/_millrace"
  millrace completion fish > ~/.config/fish/completions/millrace.fish
For this shell alone:
  source <(millrace completion bash)`;

/** `millrace completion`: made from the verbs themselves, so that it knows what this version knows. */
export function completionCommand(program: Command, run: RunVerb): void {
  program
    .command('completion')
    .description('print the script that lets a shell complete verbs, flags and choices')
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .addHelpText('after', examples)
    .action((shell: Shell) =>
      run(() => {
        process.stdout.write(completionScript(program, shell, catalogue));
        return Promise.resolve(0);
      }),
    );
}
