import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Command } from 'commander';
import ts from 'typescript';
import { verbsFor } from '../../src/commands/verbs';
import { verbOf, withFlags } from '../../src/terminal/usage';
import { filesBelow } from '../support/files';

const root = join(__dirname, '..', '..');
let program: Command;
/** The verbs that a file of src/commands adds. */
const verbsIn = new Map<string, readonly Command[]>();

beforeAll(async () => {
  program = new Command('millrace');
  for (const add of await verbsFor()) add(program, () => Promise.resolve());
  for (const file of filesBelow('src/commands', '.ts')) {
    const module = (await import(join(root, file))) as Record<string, unknown>;
    const own = new Command();
    for (const [name, add] of Object.entries(module))
      if (/Command$|^add[A-Z]/.test(name)) (add as (to: Command) => void)(own);
    verbsIn.set(file, withTheirs(own));
  }
});

const withTheirs = (verb: Command): readonly Command[] => [verb, ...verb.commands.flatMap(withTheirs)];
const flagsOf = (verb: Command): readonly string[] => [
  '--help',
  ...verb.options.map(({ long }) => long ?? ''),
];

/** Every text in the source that has words in it, whatever stands for a part of it left out. */
function texts(file: string): readonly string[] {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) found.push(node.text);
    else if (ts.isTemplateExpression(node)) {
      found.push([node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join(' '));
      node.templateSpans.forEach(({ expression }) => {
        visit(expression);
      });
    } else node.forEachChild(visit);
  };
  visit(source);
  return found.filter((text) => text.includes(' ') && !/^--[a-z-]+= $/.test(text));
}

/** A command of ours, in backticks or as a line of examples. */
const ours =
  /(?:`|: )(?:npx )?millrace((?: [^`\n]*)?)(?:`|$)|^ {2}(?:source <\()?(?:npx )?millrace((?: \S+)*?)(?: {2,}.*| [|>)].*|\))?$/gm;
const flag = /(?<![\w-])--[a-z][a-z-]*/g;

/** Flags that are not another program's, and not those of a verb that would take them. */
function misplaced(file: string, text: string): readonly string[] {
  const wrong: string[] = [];
  const rest = text.replace(ours, (_all, quoted?: string, example?: string) => {
    const words = (quoted ?? example ?? '').trim().split(/\s+/);
    const verb = verbOf(program, words);
    if (verb === program && (words[0] ?? '') !== '' && !words[0]?.startsWith('-'))
      wrong.push(`no verb: millrace ${words.join(' ')}`);
    // What follows psql and redis-cli is theirs.
    if (['psql', 'redis-cli'].includes(verb.name())) return '';
    for (const [one] of words.join(' ').matchAll(flag))
      if (!flagsOf(verb).includes(one)) wrong.push(`${verb.name()} ${one}`);
    return '';
  });
  const own = (verbsIn.get(file) ?? []).flatMap(flagsOf);
  for (const [one] of rest.replace(/`(?!--)[^`]*`/g, ' ').matchAll(flag))
    if (!own.includes(one)) wrong.push(one);
  return wrong;
}

/** Command lines of other programs, and the table of settings, whose flags have verbs that take them. */
const othersTools = /^src\/(embedded|setup|demo)\/|^src\/config\/options\.ts$/;

test('a flag is named only where it is taken: with its whole command, or by the verb that has it', () => {
  const files = filesBelow('src', '.ts').filter((file) => !othersTools.test(file));
  expect(files.map((file) => basename(file))).toContain('redis-replies.ts');
  const wrong = files.flatMap((file) =>
    texts(file).flatMap((text) => misplaced(file, text).map((what) => `${file}: ${what} in: ${text}`)),
  );
  expect(wrong).toEqual([]);
});

test('README and docs name verbs and flags that there are', () => {
  const wrong = ['README.md', ...filesBelow('docs', '.md')].flatMap((file) => {
    // Of alternatives the first; whole commands only: flags alone stand in tables, beside their setting.
    const text = readFileSync(join(root, file), 'utf8').replace(/\\\|[^\s`]*/g, '');
    const commands = [...text.matchAll(/`(?:npx )?millrace (?!…)[^`\n]*`/g)].map(([command]) => command);
    return commands.flatMap((command) => misplaced(file, command).map((what) => `${file}: ${what}`));
  });
  expect(wrong).toEqual([]);
});

test('what the test looks for is found', () => {
  const found = (text: string) => misplaced('src/connections/redis.ts', text);
  expect(found('it is so; `--embedded` starts one')).toEqual(['--embedded']);
  expect(found('it is so; `millrace run --embedded` and `psql --csv`')).toEqual([]);
  expect(found('run it with --force then')).toEqual(['--force']);
  expect(found('say `millrace run --embeded` then')).toEqual(['run --embeded']);
  expect(found('say `millrace migrate --only archive` then')).toEqual(['migrate --only']);
  expect(found('say `millrace statsu` then')).toEqual(['no verb: millrace statsu']);
  expect(found('\nExamples:\n  millrace warm --force    everything')).toEqual(['warm --force']);
});

test('a setting in a hint is told with its flag to whoever gave a verb that takes it, and to nobody else', () => {
  const hint = 'Check DB_PATH, POSTGRES_URL_FILE and MILLRACE_ONLY=aliases; REDIS_URL too.';
  const to = (...words: string[]) => withFlags(hint, verbOf(program, words));
  expect(to('capture')).toBe(
    'Check DB_PATH (or --db), POSTGRES_URL_FILE and MILLRACE_ONLY=aliases; REDIS_URL too.',
  );
  expect(to('reconcile')).toContain('DB_PATH (or --db), POSTGRES_URL_FILE and MILLRACE_ONLY=aliases');
  expect(to('reconcile')).toContain('REDIS_URL (or --redis-url) too');
  expect(to('dead-letters', 'list')).toBe(hint);
  expect(withFlags('Let REDIS_URL (or REDIS_HOST) name it.', verbOf(program, ['run']))).toBe(
    'Let REDIS_URL (or --redis-url, or REDIS_HOST) name it.',
  );
});
