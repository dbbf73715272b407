import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { describeAlias, describeRecord } from '../../src/terminal/describe-difference';
import { complain, print, printJson } from '../../src/terminal/print';
import { harmless, harmlessJson } from '../../src/foundation/harmless';
import { loadConfig } from '../../src/config/load';
import { openLog } from '../../src/log/log';
import { filesBelow } from '../support/files';
import { temporaryFolder } from '../support/temporary-folder';

const folder = temporaryFolder();
const dangerous = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;
const foreign = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\n',
        '\r',
        '\r\n',
        '\u001b[2J',
        '\u009b31m',
        '\u007f',
        '\u0000',
        '\u2028',
        '\u2029',
        '\u202e',
      ),
      fc.constantFrom(
        '\u2066',
        '\u200f',
        '\ud800',
        '\udc00',
        '\n[2026-01-05 14:30:00] ERROR forged',
        'x',
        'فارسی',
      ),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(''));

/** What is written while `work` runs. */
function written(work: () => void): string {
  let text = '';
  const take = (chunk: string | Uint8Array) => {
    text += String(chunk);
    return true;
  };
  const spies = [process.stdout, process.stderr].map((stream) =>
    jest.spyOn(stream, 'write').mockImplementation(take as never),
  );
  try {
    work();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return text;
}

const lines = (text: string): readonly string[] => text.replace(/\n$/, '').split('\n');

test.each(['text', 'json'])(
  'nothing of others begins a line of the %s log, or says anything to a terminal',
  (form) => {
    let count = 0;
    fc.assert(
      fc.property(foreign, (text) => {
        const file = join(folder, `${form}${++count}.log`);
        const log = openLog(
          loadConfig({ LOG_FILE: file, LOG_FORMAT: form, LOG_LEVEL: 'debug' }).log,
          false,
          false,
        );
        log.info(text, { event: 'x', key: text, list: [text], [`name${text}`]: text });
        log.failure('error', Object.assign(new Error(text), { code: text }), { event: 'x' });
        const all = lines(readFileSync(file, 'utf8'));
        expect(all).toHaveLength(2);
        for (const line of all) expect(line).not.toMatch(dangerous);
        if (form === 'json')
          expect(all.map((line) => JSON.parse(line) as unknown)).toEqual([
            expect.objectContaining({ message: text, key: text, list: [text] }),
            expect.objectContaining({ message: text, level: 'error' }),
          ]);
      }),
      { numRuns: 100 },
    );
  },
);

test('nor of any verb’s output', () => {
  fc.assert(
    fc.property(foreign, (text) => {
      const output = written(() => {
        print(text);
        complain([text]);
        printJson({ [text]: text });
        print(describeAlias({ key: text, change: 'update', redis: text, table: text } as never));
      });
      expect(lines(output)).toHaveLength(4);
      for (const line of lines(output)) expect(line).not.toMatch(dangerous);
      const record = { key: text, record: text, change: 'unfit', reason: text, columns: [] };
      const described = describeRecord(record as never).split('\n');
      expect(described).toHaveLength(3);
      for (const line of described) expect(line).not.toMatch(dangerous);
    }),
  );
});

test('text in any script stays as it is, and JSON means the same', () => {
  expect(harmless('فارسی 🙂 ‌ é')).toBe('فارسی 🙂 ‌ é');
  fc.assert(
    fc.property(fc.jsonValue(), foreign, (value, text) => {
      const plain = JSON.stringify([value, text]);
      expect(JSON.parse(harmlessJson([value, text]))).toEqual(JSON.parse(plain));
    }),
  );
  expect(JSON.parse(harmlessJson({ a: '\u009b\u2028\u202e' }))).toEqual({ a: '\u009b\u2028\u202e' });
});

test('no verb writes past the one place', () => {
  const writers = ['src/commands', 'src/terminal']
    .flatMap((room) => filesBelow(room, '.ts'))
    .filter((path) =>
      /console\.|std(out|err)\.write/.test(readFileSync(join(__dirname, '..', '..', path), 'utf8')),
    );
  expect(writers.map((path) => basename(path)).sort()).toEqual(
    // Their lines are made harmless where they are formed, or are scripts of ours.
    ['completion.ts', 'print.ts', 'terminal-view.ts', 'watch-status.ts'],
  );
});
