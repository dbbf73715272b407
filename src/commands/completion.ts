import { Argument, type Command } from 'commander';
import { completionScript, type MappedNames, type Shell, shells } from '../terminal/completion-scripts';
import { catalogue, configOf, type RunVerb } from './options';

const examples = `
Examples, once for each user:
  millrace completion bash > ~/.local/share/bash-completion/completions/millrace
  millrace completion zsh > "\${fpath[1]}/_millrace"
  millrace completion fish > ~/.config/fish/completions/millrace.fish
Names of mappings are those of the file in this folder; after a change of the file, make the script anew. For this shell alone:
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
        process.stdout.write(completionScript(program, shell, mappedNames()));
        return Promise.resolve(0);
      }),
    );
}

/** Of the mappings that are in force here. A shell that starts must not fail for a wrong setting: then they are those that are built in. */
function mappedNames(): MappedNames {
  try {
    const config = configOf({});
    return { documents: config.documents.map(({ name }) => name), kinds: [...config.catalogue.keys()] };
  } catch {
    return { documents: [], kinds: [...catalogue.keys()] };
  }
}
