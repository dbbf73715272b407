import { strangersIn } from '../../../src/archive/batch/strangers';
import { pack } from '../../../src/archive/record/packed';
import { kinds } from '../../support/nine-kinds';

const created = '2026-01-05T14:30:00.500000';
const prediction = (version: string | undefined, born: 'unknown' | 'yesterday' | typeof created = created) =>
  pack(['7', born === 'unknown' ? undefined : born, version, '{}', '{}', '0.9', '1', created, '{}']);
const carried = (...values: readonly Buffer[]) => values.map((value) => ({ kind: kinds.prediction, value }));
const known = (_kind: string, { id }: { readonly id: string }) => (id === '1' ? '11' : undefined);
const stranger = (id: string) => ({ id, created: '2026-01-05 14:30:00.500000' });

test('parents whose rows nobody knows are told, each once', () => {
  const values = ['1', '2', '3', '2'].map((version) => prediction(version));
  expect(strangersIn(carried(...values), known)).toEqual(
    new Map([['version', [stranger('2'), stranger('3')]]]),
  );
});

test('of a value with several records the first is asked; what names no parent names no stranger', () => {
  expect(strangersIn(carried(Buffer.concat([prediction('1'), prediction('2')])), known).size).toBe(0);
  const strange = [
    ...[prediction('x'), prediction(undefined), prediction('2', 'unknown'), prediction('2', 'yesterday')],
    ...[Buffer.alloc(0), Buffer.from('damaged'), pack(['7'])],
  ];
  expect(strangersIn(carried(...strange), known).size).toBe(0);
});
