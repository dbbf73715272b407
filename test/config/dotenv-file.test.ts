import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'dotenv';
import fc from 'fast-check';
import { loadConfig } from '../../src/config/load';
import { readDotenv } from '../../src/config/dotenv-file';
import { describeError } from '../../src/foundation/errors';
import { temporaryFolder } from '../support/temporary-folder';

const root = temporaryFolder();
const folderWith = (content: string | Buffer): string => {
  const folder = mkdtempSync(join(root, 'env-'));
  writeFileSync(join(folder, '.env'), content);
  return folder;
};
const read = (content: string | Buffer) => readDotenv(folderWith(content));
const refusal = (content: string | Buffer): string => {
  try {
    read(content);
  } catch (error) {
    const { code, message } = describeError(error);
    expect(code).toBe('E_CONFIG');
    expect(message).toContain('.env has ');
    expect(message).not.toMatch(/geheim/);
    return message;
  }
  throw new Error('it was read');
};

const lines = 'REDIS_URL=redis://:wörd@h/3\r\n# a comment\r\nON_DELETE=delete\r\n';
const settings = { REDIS_URL: 'redis://:wörd@h/3', ON_DELETE: 'delete' };
const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16();

test.each([
  ['UTF-8', Buffer.from(lines)],
  ['UTF-8 with a mark', Buffer.from(`\uFEFF${lines}`)],
  ['UTF-16 of PowerShell’s >', Buffer.from(`\uFEFF${lines}`, 'utf16le')],
  ['UTF-16, the other way round', utf16be(`\uFEFF${lines}`)],
  ['UTF-16 without a mark', Buffer.from(lines, 'utf16le')],
  ['UTF-16, the other way round, without a mark', utf16be(lines)],
  ['lines that end as on old Macs', Buffer.from(lines.replaceAll('\r\n', '\r'))],
])('%s is read', (_name, content) => {
  expect(read(content)).toEqual(settings);
});

test('so is a secret’s own file', () => {
  const path = join(root, 'secret');
  writeFileSync(path, Buffer.from('\uFEFFgeheim\r\n', 'utf16le'));
  expect(loadConfig({ REDIS_PASSWORD_FILE: path }).redis.password).toBe('geheim');
});

test.each([
  ['X=y', 'y'],
  ['X = y ', 'y'],
  ['export X=y', 'y'],
  ['  export   X="y z"', 'y z'],
  ['$env:X="y z"', 'y z'],
  ["$ENV:X = 'y z'", 'y z'],
  ['set X=y', 'y'],
  ['SET X=y z', 'y z'],
  ['set "X=y z"', 'y z'],
  ['X: y', 'y'],
  ['X=', ''],
  ['X=""', ''],
  ['X=y # a comment', 'y'],
  ['X="y#z" # a comment', 'y#z'],
  ['X="a\nb"\nY=1', 'a\nb'],
  ['X="a\\nb"', 'a\nb'],
  ["X='it\\'s'", "it\\'s"],
  ['X=a=b', 'a=b'],
  ['X=1\nX=1', '1'],
])('%j is read', (line, value) => {
  expect(read(line)).toMatchObject({ X: value });
});

test.each([
  ['A=1\n\nXgeheim', 'line 3 is not understood'],
  ['A=1\nset Xgeheim', 'line 2 is not understood'],
  ['$Xgeheim = 1', 'line 1 is not understood'],
  ['setx X geheim', 'line 1 is not understood'],
  ['X geheim', 'line 1 is not understood'],
  ['=geheim', 'line 1 is not understood'],
  ['X:geheim', 'line 1 is not understood'],
  ['X=geh#geheim', 'line 1 (X) has a # in a value without quotes'],
  ['X="geheim', 'line 1 (X) begins with a quotation mark that is not closed'],
  ['X="geheim";', 'line 1 (X) has something after the closing quotation mark'],
  ['X="a\nb" geheim\nY=2', 'line 1 (X) has something after'],
  ['X=1\nY=2\nX=geheim', 'line 3 sets X to something else than line 1'],
  ['Z="a\nb"\ngeheim', 'line 3 is not understood'],
  [Buffer.from('A=1\nX=geheim\xe9\n', 'latin1'), 'line 2 is not UTF-8'],
  [Buffer.from('\uFEFFX=geheim\n', 'utf16le').subarray(0, -1), 'not whole UTF-16LE'],
  [Buffer.from([0x41, 0x3d, 0x31, 0, 0x0a]), 'not text'],
])('%j is refused by its line, without its contents', (content, why) => {
  expect(refusal(content)).toContain(why);
});

test('all problems are told at once', () => {
  expect(refusal('a geheim\nX=1\nb geheim')).toMatch(/2 problems:\n {2}- line 1 .*\n {2}- line 3 /);
});

test('whatever is read is what dotenv reads, and no line of it is passed over', () => {
  const line = fc.oneof(
    fc.constantFrom('', '# geheim', '  ', 'A=1', 'export B=2', "C='x # y'", 'D: 4', 'E="5"', 'F=`6`'),
    fc.stringMatching(/^[ \tA-D="'`#:$%\\]{0,12}$/),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 5 }), (all) => {
      const text = all.join('\n');
      let values: unknown;
      try {
        values = readDotenv(folderWith(text));
      } catch (error) {
        expect(describeError(error).code).toBe('E_CONFIG');
        return;
      }
      // dotenv does not know the quotes of cmd, around the whole.
      expect(values).toEqual(parse(text.replace(/^[ \t]*"([\w.-]+=[^"\n]*)"[ \t]*$/gm, '$1')));
    }),
    { numRuns: 1_000 },
  );
});
