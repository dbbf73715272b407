import { LineCounter, parseDocument, type YAMLError } from 'yaml';
import { Problems } from './problems';
import { treeOf } from './tree';
import type { Value } from './value';

/** A file of mappings has some hundred lines; a longer one is something else. */
const maxBytes = 1024 ** 2;

/**
 * Parses the text of a file: plain YAML 1.2 without what would let one place say what happens at another (anchors, tags), or let two
 * readers understand different things (duplicate keys, tabs, directives).
 * @param file what it is called in problems
 * @returns what it says; undefined where it says nothing, or is no YAML, which the problems tell. Readers of the value add to them.
 */
export function parseYaml(source: string, file: string): { value: Value | undefined; problems: Problems } {
  const lines = new LineCounter();
  const problems = new Problems(file, lines);
  const bytes = Buffer.byteLength(source);
  if (bytes > maxBytes) {
    problems.add(0, `the file has ${bytes} bytes: a file of mappings has ${maxBytes} at the most`);
    return { value: undefined, problems };
  }
  // Whether keys are unique is looked after by treeOf: the library compares each with each.
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  for (const error of document.errors) problems.add(error.pos[0], told(error));
  if (document.directives.yaml.explicit === true)
    problems.add(0, 'the file begins with a directive (%): leave it out');
  // What is no YAML is understood in part, and what was not understood would be told to be missing.
  if (!problems.none) return { value: undefined, problems };
  if (document.contents === null)
    problems.add(0, 'the file says nothing: it begins with a line `version: 1`');
  return { value: document.contents === null ? undefined : treeOf(document.contents, problems), problems };
}

/** What to do, where the library's own words do not say so. */
const plain: Readonly<Partial<Record<YAMLError['code'], string>>> = {
  TAB_AS_INDENT: 'a tab: YAML is indented by spaces',
  RESOURCE_EXHAUSTION: 'too deep: nothing in this file is nested so far',
  BLOCK_IN_FLOW: 'within { } or [ ], a text with a colon or braces stands in quotes: key: "team:{id}"',
  MULTIPLE_DOCS: 'a second document (---): a file of mappings is one',
};

const told = ({ code, message }: YAMLError): string =>
  plain[code] ?? `not YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
