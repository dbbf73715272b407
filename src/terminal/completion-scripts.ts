import type { Command, Option } from 'commander';
import { spokenNames } from '../config/names';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** A place on the command line where words can be completed: after the verbs of `path`. */
interface Place {
  readonly path: readonly string[];
  readonly verbs: readonly { readonly name: string; readonly help: string }[];
  readonly choices: readonly string[];
  readonly options: readonly {
    readonly flag: string;
    readonly help: string;
    readonly takesValue: boolean;
    readonly values: readonly string[];
  }[];
}

/** Values by flag, which commander's tree does not know, but only parsers. */
type Values = Readonly<Record<string, readonly string[]>>;

/** All places of the program: after its name, after its verbs, after their verbs. Pure. */
function placesOf(command: Command, values: Values, path: readonly string[] = []): readonly Place[] {
  const verbs = command.commands.map((verb) => ({ name: verb.name(), help: verb.description() }));
  const place = {
    path,
    verbs,
    choices: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
    options: [
      ...command.options.map((option) => toOption(option, values)),
      { flag: '--help', help: 'what there is', takesValue: false, values: [] },
    ],
  };
  return [place, ...command.commands.flatMap((verb) => placesOf(verb, values, [...path, verb.name()]))];
}

const toOption = ({ long, description, required, optional, argChoices }: Option, values: Values) => ({
  flag: long ?? '',
  help: description,
  takesValue: required || optional,
  values: argChoices ?? (required || optional ? values[long ?? ''] : undefined) ?? [],
});

/** The names that the mappings give. */
export interface MappedNames {
  readonly documents: readonly string[];
  readonly kinds: readonly string[];
}

/** The script that makes a shell complete the words of this program. */
export function completionScript(program: Command, shell: Shell, { documents, kinds }: MappedNames): string {
  const values = { '--only': spokenNames, '--kind': kinds, '--yes': documents, '--forget': documents };
  const places = placesOf(program, values);
  const name = program.name();
  if (shell === 'fish') return fish(name, places);
  // zsh can use completions of bash (bashcompinit), so both share one function.
  return shell === 'bash'
    ? bash(name, places)
    : `#compdef ${name}\nautoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n${bash(name, places)}`;
}

function bash(name: string, places: readonly Place[]): string {
  const at = ({ path }: Place, more = '') => `"${[name, ...path].join(' ')}${more}"`;
  const paths = places.slice(1).map((place) => at(place));
  const valued = places.flatMap((place) =>
    place.options.flatMap(({ flag, takesValue, values: words }) =>
      takesValue
        ? [
            `    ${at(place, ` ${flag}`)}) ${words.length === 0 ? 'COMPREPLY=()' : `COMPREPLY=($(compgen -W "${words.join(' ')}" -- "$current"))`}; return ;;`,
          ]
        : [],
    ),
  );
  const words = places.map((place) => {
    const all = [
      ...place.verbs.map((verb) => verb.name),
      ...place.choices,
      ...place.options.map(({ flag }) => flag),
    ];
    return `    ${at(place)}) words="${all.join(' ')}" ;;`;
  });
  return `# ${name} completion for bash, made by: ${name} completion bash
_${name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local path="${name}" words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path \${COMP_WORDS[i]}" in
      ${paths.join('|')}) path="$path \${COMP_WORDS[i]}" ;;
    esac
  done
  # Nothing offered: the shell then offers files.
  case "$path $previous" in
${valued.join('\n')}
  esac
  case "$path" in
${words.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _${name} ${name}
`;
}

function fish(name: string, places: readonly Place[]): string {
  const quote = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = places.flatMap(({ path, verbs, choices, options }) => {
    const seen = path.map((verb) => `__fish_seen_subcommand_from ${verb}`);
    const unseen =
      verbs.length === 0
        ? []
        : [`not __fish_seen_subcommand_from ${verbs.map((verb) => verb.name).join(' ')}`];
    const here = (more: readonly string[]) => {
      const conditions = [...seen, ...more];
      return conditions.length === 0 ? '' : ` -n ${quote(conditions.join('; and '))}`;
    };
    const head = `complete -c ${name}`;
    return [
      ...verbs.map((verb) => `${head}${here(unseen)} -f -a ${quote(verb.name)} -d ${quote(verb.help)}`),
      ...choices.map((choice) => `${head}${here([])} -f -a ${quote(choice)}`),
      ...options.map(({ flag, help, takesValue, values: words }) => {
        const value = words.length > 0 ? ` -x -a ${quote(words.join(' '))}` : takesValue ? ' -r' : '';
        return `${head}${here(unseen)} -l ${flag.slice(2)}${value} -d ${quote(help)}`;
      }),
    ];
  });
  return `# ${name} completion for fish, made by: ${name} completion fish\n${lines.join('\n')}\n`;
}
