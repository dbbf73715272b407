import type { AliasSource } from '../../../src/aliases/source/source';
import { PageApply } from '../../../src/aliases/stages/page-apply';

const position = { changelog: 'log', seq: 1, nonce: '1' };
const page = { nominations: new Map(), position: { ...position, seq: 9 }, rows: 8, since: 0 };
const everything = () => true;

/** A file with two mappings; `refuses` says which look-ups SQLite refuses, as it does while another program writes. */
function sourceThat(refuses: (names: readonly string[]) => boolean): AliasSource {
  const truth = {
    keyspace: { prefix: 'p:', holds: 'string' },
    lookUp: (names: readonly string[]) => {
      if (refuses(names)) throw new Error('database is locked');
      return names.map((name) => `value of ${name}`);
    },
  };
  const truths = new Map([
    ['one', truth],
    ['two', truth],
  ]);
  return { truths } as unknown as AliasSource;
}

test('what SQLite refuses to look up is asked for again, and the position moves with the last of the page alone', () => {
  const names = Array.from({ length: 1_500 }, (_unused, at) => `n${at}`);
  const apply = new PageApply(position, page, [
    { type: 'one', names: ['a'] },
    { type: 'two', names },
  ]);
  let refused = 0;
  const busy = sourceThat((asked) => asked.includes('n0') && refused++ < 2);
  expect(() => apply.next(busy, everything)).toThrow('locked');
  expect(() => apply.next(busy, everything)).toThrow('locked');
  const steps = [apply.next(busy, everything), apply.next(busy, everything)];
  expect(steps.map(({ end }) => end?.seq)).toEqual([undefined, 9]);
  const applied = steps.flatMap(({ batches }) =>
    batches.flatMap(({ type, aliases }) => aliases.map((one) => [type, one])),
  );
  expect(applied).toEqual([['one', 'a'], ...names.map((name) => ['two', name])]);
});

test('mappings that may not be written are passed over, and so are those that are not served', () => {
  const apply = new PageApply(position, page, [
    { type: 'one', names: ['a'] },
    { type: 'gone', names: ['b'] },
    { type: 'two', names: ['c'] },
  ]);
  const { batches, end } = apply.next(
    sourceThat(() => false),
    (type) => type !== 'one',
  );
  expect(batches.map(({ type, aliases, values }) => ({ type, aliases, values }))).toEqual([
    { type: 'two', aliases: ['c'], values: ['value of c'] },
  ]);
  expect(end).toBe(page.position);
});
