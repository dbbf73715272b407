import { harmless, harmlessJson } from '../foundation/harmless';

/** What stands behind a colon: a scalar as it is written, a list of such, or a map. */
export type Yaml = string | readonly string[] | YamlMap;
export type YamlMap = ReadonlyMap<string, Yaml>;

/** Words that some readers of YAML take for something else than a text. */
const words = /^(?:true|false|null|yes|no|on|off|y|n)$/i;

/** A text as a scalar, in quotes if it has to be. */
export const scalar = (text: string): string =>
  /^[A-Za-z_][\w-]*$/.test(text) && !words.test(text) ? text : quoted(text);

/** JSON's quotes are YAML's; what is no character of YAML is escaped. */
export const quoted = (text: string): string =>
  harmlessJson(text).replace(
    /[\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16)}`,
  );

const width = 110;

/** `name: { … }` in one line if it fits, else an entry a line. @param indent of the name */
export function entry(name: string, values: YamlMap, indent: string): readonly string[] {
  const line = `${indent}${scalar(name)}: ${flow(values)}`;
  if (line.length <= width) return [line];
  const inner = `${indent}  `;
  return [
    `${indent}${scalar(name)}:`,
    ...[...values].flatMap(([key, value]) => filled(`${inner}${scalar(key)}: `, value, `${inner}  `)),
  ];
}

const flow = (value: Yaml): string => {
  if (typeof value === 'string') return value;
  const items = itemsOf(value).join(', ');
  return value instanceof Map ? `{ ${items} }` : `[${items}]`;
};

const itemsOf = (value: Exclude<Yaml, string>): readonly string[] =>
  value instanceof Map
    ? [...(value as YamlMap)].map(([key, one]) => `${scalar(key)}: ${flow(one)}`)
    : (value as readonly string[]);

/** A list or map whose items fill as many lines as they need. @param start of the first line @param indent of the others */
function filled(start: string, value: Yaml, indent: string): readonly string[] {
  const whole = start + flow(value);
  if (whole.length <= width || typeof value === 'string') return [whole];
  const [open, close] = value instanceof Map ? ['{', '}'] : ['[', ']'];
  const lines: string[] = [];
  let line = start + open;
  for (const item of itemsOf(value)) {
    if (line.trim() !== '' && line.length + item.length > width) {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += `${item}, `;
  }
  return [...lines, line.replace(/, $/, close)];
}

const longestComment = 300;

/** A line of comment; no name in it can end it. */
export function comment(text: string, indent = ''): string {
  const line = harmless(text);
  return `${indent}# ${line.length <= longestComment ? line : `${line.slice(0, longestComment)}…`}`;
}
