import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { packageRoot, readAsset } from '../../src/foundation/package-root';
import { filesBelow } from '../support/files';

const documents = [
  ...readdirSync(packageRoot).filter((name) => name.endsWith('.md')),
  ...['docs', 'examples', 'deploy', '.github'].flatMap((folder) => filesBelow(folder, '.md')),
];

/** Without what only looks like Markdown. */
const prose = (path: string): string => readAsset(path).replace(/^ *```[^]*?^ *```/gm, '');

/** The anchors that GitHub gives to the headings. */
function anchors(path: string): ReadonlySet<string> {
  const slugs = [...prose(path).matchAll(/^#+ +(.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/\]\([^)]*\)|[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
  // A heading that comes again gets a number.
  return new Set(
    slugs.map((slug, at) => {
      const before = slugs.slice(0, at).filter((one) => one === slug).length;
      return before === 0 ? slug : `${slug}-${before}`;
    }),
  );
}

/** What is wrong with the links of a document. */
function broken(path: string): readonly string[] {
  return [...prose(path).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [file = '', anchor] = target.split('#');
    const named = file === '' ? path : normalize(join(dirname(path), file));
    if (!existsSync(join(packageRoot, named))) return [`${path}: ${target}: no such file`];
    if (anchor === undefined || statSync(join(packageRoot, named)).isDirectory()) return [];
    return anchors(named).has(anchor) ? [] : [`${path}: ${target}: no such heading`];
  });
}

test('every link of the documents leads to a file that is there, and to a heading that it has', () => {
  expect(documents).toContain('docs/06-deployment.md');
  expect(documents.flatMap(broken)).toEqual([]);
});

test('README stays short, and leads to every document', () => {
  const readme = readAsset('README.md');
  expect(Buffer.byteLength(readme)).toBeLessThanOrEqual(12_000);
  expect(filesBelow('docs', '.md').filter((path) => !readme.includes(`](${path}`))).toEqual([]);
});

const files = ['src', 'bench', 'deploy', 'examples', 'migrations', 'test', 'triggers'].flatMap((folder) =>
  filesBelow(folder, ''),
);

/** What is there only once something has been run. */
const made = /^(?:deploy\/docker\/secrets|(?:bench|test\/chaos)\/results)\b/;

test('a file of ours that the documents name is there, under that path', () => {
  const wrong = documents
    .filter((path) => path !== 'CHANGELOG.md')
    .flatMap((path) => {
      const text = readAsset(path);
      const paths =
        text.match(/(?<![\w./-])(?:src|bench|deploy|migrations|test|triggers)\/[\w./-]*\w/g) ?? [];
      const sources = text.match(/(?<![\w./<-])[a-z][\w./-]*\.(?:ts|lua|sql|mjs|cjs)\b/g) ?? [];
      return [
        ...paths.filter((one) => !made.test(one) && !files.some((file) => file.startsWith(one))),
        ...sources.filter((one) => !files.some((file) => `/${file}`.endsWith(`/${one}`))),
      ].map((one) => `${path}: ${one}`);
    });
  expect(wrong).toEqual([]);
});
