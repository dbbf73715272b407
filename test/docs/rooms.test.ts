import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot, readAsset } from '../../src/foundation/package-root';

type Lines = readonly (readonly string[])[];

const { flow, inside } = jest.requireActual<{ flow: Lines; inside: Readonly<Record<string, Lines>> }>(
  '../../.rooms.cjs',
);
const parents: readonly (readonly [string, Lines])[] = [
  ['src', flow],
  ...Object.entries(inside).map(([room, lines]) => [`src/${room}`, lines] as const),
];

/** The lines of a picture in docs/02: names, then what they are for. */
function drawn(parent: string): Lines {
  const [, block] =
    new RegExp(`\`\`\`rooms ${parent}\n([^\`]*)\`\`\``).exec(readAsset('docs/02-architecture.md')) ?? [];
  return (block ?? '')
    .trimEnd()
    .split('\n')
    .map((line) => (line.split(/ {2,}/)[0] ?? '').split(' · '));
}

const foldersIn = (folder: string) =>
  readdirSync(join(packageRoot, folder), { withFileTypes: true }).filter((entry) => entry.isDirectory());

test.each(parents)('docs/02 draws the rooms of %s as the rule has them', (parent, lines) => {
  expect(drawn(parent)).toEqual(lines);
});

test.each(parents)('each folder of %s has its place in the flow', (parent, lines) => {
  const rooms = lines.flat().filter((room) => room !== '.');
  // Plain JavaScript for a machine that has nothing yet.
  const beside = parent === 'src' ? ['setup'] : [];
  expect(
    foldersIn(parent)
      .map(({ name }) => name)
      .sort(),
  ).toEqual([...rooms, ...beside].sort());
});

test('no room has more files than one can look over', () => {
  const crowded: string[] = [];
  const look = (folder: string): void => {
    const files = readdirSync(join(packageRoot, folder), { withFileTypes: true }).filter((one) =>
      one.isFile(),
    );
    if (files.length > 20) crowded.push(`${folder}: ${files.length}`);
    for (const { name } of foldersIn(folder)) look(`${folder}/${name}`);
  };
  look('src');
  expect(crowded).toEqual([]);
});
