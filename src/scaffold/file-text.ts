import type { LeftOut, ProposedDocument } from './documents';
import type { ProposedColumn } from './columns';
import { isPlainWord } from './held';
import { isEach } from '../mapping/record-forms';
import type { ProposedRecord } from './records';
import { comment, entry, quoted, scalar, type Yaml, type YamlMap } from './yaml-text';

/** What the file is made of. */
export interface Proposal {
  /** What was looked at, in words. */
  readonly sources: readonly string[];
  readonly includes: readonly Include[];
  readonly documents: readonly ProposedDocument[];
  readonly documentsLeftOut: readonly LeftOut[];
  readonly records: readonly ProposedRecord[];
  readonly recordsLeftOut: readonly LeftOut[];
  /** Why the records are comments, in a few words; undefined: they are mappings. */
  readonly recordsHeldBack: string | undefined;
}

/** A built-in file of mappings, and what speaks for including it, or against. */
export interface Include {
  readonly name: string;
  readonly included: boolean;
  readonly why: string;
}

/** The reader takes no file of more than a megabyte. */
const mostBytes = 1_000_000;

/** The text of a file of mappings: the same for the same proposal, and YAML whatever the names in it. Pure. */
export function fileText(proposal: Proposal, schema: string): string {
  const { sources, includes } = proposal;
  const included = includes.filter((one) => one.included).map(({ name }) => name);
  const budget = { bytes: mostBytes };
  const lines = [
    `# yaml-language-server: $schema=${schema}`,
    comment(`Proposed by \`millrace config init\` from ${sources.join(', and ')}.`),
    '# `millrace config plan` says what it would do, and writes nothing; `millrace config apply` does it.',
    'version: 1',
    ...(includes.length === 0 ? [] : ['', ...includes.map(({ name, why }) => comment(`${name}: ${why}`))]),
    ...(included.length === 0 ? [] : [`include: [${included.join(', ')}]`]),
    ...section('documents', documentBlocks(proposal), budget),
    ...section('records', recordBlocks(proposal), budget),
  ];
  return `${lines.join('\n')}\n`;
}

/** A mapping, or a remark about something that is not mapped. */
interface Block {
  readonly of: string;
  readonly mapped: boolean;
  readonly lines: readonly string[];
}

const indent = '  ';

const remark = ({ name, why }: LeftOut): Block => ({
  of: name,
  mapped: false,
  lines: [comment(`${name}: ${why}`, indent)],
});

function documentBlocks({ documents, documentsLeftOut }: Proposal): readonly Block[] {
  const blocks = documents.map(({ name, from, key, json, remarks }): Block => {
    const values = new Map<string, Yaml>([
      ['from', scalar(from)],
      ['key', quoted(key)],
      ['json', json.map(scalar)],
    ]);
    const said = remarks.map((text) => comment(text, indent));
    return { of: from, mapped: true, lines: [...said, ...entry(name, values, indent)] };
  });
  return [...blocks, ...documentsLeftOut.map(remark)];
}

function recordBlocks({ records, recordsLeftOut, recordsHeldBack }: Proposal): readonly Block[] {
  const blocks = records.map((record): Block => {
    const { key, remarks } = record;
    const said = remarks.map((text) => comment(text, indent));
    const lines = [...said, ...entry(record.name, recordValues(record), indent)];
    const mapped = recordsHeldBack === undefined;
    return { of: key, mapped, lines: mapped ? lines : lines.map(commentedOut) };
  });
  const heldBack =
    blocks.length === 0 || recordsHeldBack === undefined
      ? []
      : [`Comments, for ${recordsHeldBack}: which tables are there already is not known.`];
  const why = heldBack.map((text): Block => ({ of: text, mapped: false, lines: [comment(text, indent)] }));
  return [...why, ...blocks, ...recordsLeftOut.map(remark)];
}

function recordValues({ key, table, holds, columns, deletes }: ProposedRecord): YamlMap {
  const written = new Map(columns.map((one): [string, Yaml] => [one.column, columnValue(holds, one)]));
  return new Map<string, Yaml>([
    ['key', quoted(key)],
    ['table', scalar(table)],
    ...(isEach(holds)
      ? ([
          ['each', holds],
          ['columns', written],
        ] as const)
      : [[holds, written] as const]),
    ...(deletes ? [['on_delete', 'delete'] as const] : []),
  ]);
}

function columnValue(holds: ProposedRecord['holds'], column: ProposedColumn): Yaml {
  const { field, type, maybeEmpty } = column;
  if (isPlainWord(holds, column)) return field;
  const isNamed = isEach(holds) || (field !== column.column && holds !== 'string');
  if (!isNamed && !maybeEmpty) return type;
  return new Map<string, Yaml>([
    ...(isNamed ? [['field', scalar(field)] as const] : []),
    ['type', type],
    ...(maybeEmpty ? [['none', "''"] as const] : []),
  ]);
}

const commentedOut = (line: string): string => `# ${line}`;

const explained = {
  documents: ['# SQLite -> Redis: a key for each row, which follows the row.'],
  records: [
    '# Redis -> PostgreSQL: a row for each key, or for each thing that a key holds. Guessed from a few values, and to be looked at:',
    '# types: a value of another one is not written but put aside, as `millrace dead-letters` shows. Use text where in doubt.',
    '# deletions: of a key that holds many, what the application takes out is deleted here; where nothing is said, rows stay.',
  ],
};

/** The blocks under a heading, as far as the file may grow; of those beyond it the names. */
function section(
  name: keyof typeof explained,
  blocks: readonly Block[],
  budget: { bytes: number },
): readonly string[] {
  if (blocks.length === 0) return [];
  const fitting = blocks.filter(({ lines }) => {
    const bytes = Buffer.byteLength(lines.join('\n')) + 1;
    const fits = bytes <= budget.bytes;
    if (fits) budget.bytes -= bytes;
    return fits;
  });
  const beyond = blocks.filter((block) => !fitting.includes(block)).map(({ of }) => of);
  const heading = fitting.some(({ mapped }) => mapped) ? `${name}:` : `# ${name}:`;
  const more =
    beyond.length === 0
      ? []
      : [comment(`${beyond.length} more would make the file larger than 1 MB: ${beyond.join(', ')}`, indent)];
  return ['', ...explained[name], heading, ...fitting.flatMap(({ lines }) => lines), ...more];
}
