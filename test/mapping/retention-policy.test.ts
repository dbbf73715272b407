import { parseRetention, retainedKinds } from '../../src/mapping/retention-policy';
import { aiRegistry } from '../../src/mapping/ai-registry';
import { kinds } from '../support/nine-kinds';
import { catalogueOf, type Kind } from '../../src/mapping/kinds';
import { loadConfig } from '../../src/config/load';

test.each([
  ['90', { prediction: 90, metric: 90 }],
  [' 1 ', { prediction: 1, metric: 1 }],
  ['prediction=90', { prediction: 90 }],
  ['predictions=90, Metrics = 365', { prediction: 90, metric: 365 }],
  ['metric=36500', { metric: 36_500 }],
])('RETENTION_DAYS=%s means just that', (text, policy) => {
  expect(parseRetention(text, aiRegistry)).toEqual(policy);
});

test.each([
  ...['0', '-1', 'abc', '1.5', '90d', '1e3', '٩٠', '36501', '999999', 'NaN', '90,', '90,metric=3'],
  ...[
    'prediction=',
    'prediction=0',
    'metric=-1',
    'metric=abc',
    'metric=1=2',
    'prediction=90,',
    '=90',
    ',',
    'off',
  ],
  ...['model=90', 'run=90', '__proto__=90', 'metric=1,metric=1', 'metric=1,metrics=2'],
])('RETENTION_DAYS=%s is refused, with what is allowed', (text) => {
  expect(() => loadConfig({ RETENTION_DAYS: text })).toThrow(
    `RETENTION_DAYS="${text}" must be whole days from 1 to 36500, for both kinds (90) or by kind (prediction=90,metric=365)`,
  );
});

test('without RETENTION_DAYS, or with an empty one, nothing is removed', () => {
  expect(loadConfig({}).retention).toBeUndefined();
  expect(loadConfig({ RETENTION_DAYS: ' ' }).retention).toBeUndefined();
});

const ownModel = { column: 'model_id', kind: 'model', from: 1 } as const;
const forms: readonly (readonly [what: string, kind: Kind, may: boolean])[] = [
  ['members of a sorted set that never change', kinds.metric, true],
  ['records with an id and a time that never change', kinds.prediction, true],
  ['the same, read one by one and in no index', without(kinds.prediction, 'packed', 'index'), true],
  ['members that change', without(kinds.metric, 'appendOnly'), false],
  ['members without a time', { ...kinds.metric, columns: kinds.metric.columns.slice(0, 5) }, false],
  ['members of two parents', { ...kinds.metric, parents: [...kinds.metric.parents, ownModel] }, false],
  ['members in an index', { ...kinds.metric, index: { key: 'aidb:idx:x', by: 'id' } }, false],
  [
    'members of a parent that they name',
    { ...kinds.metric, parents: [{ ...ownModel, from: 'model' }] },
    false,
  ],
  ['records that are found by a name', { ...kinds.prediction, names: 'aidb:other:names' }, false],
  ['records that change', without(kinds.prediction, 'appendOnly'), false],
  ['records listed in a set', { ...kinds.prediction, index: { key: 'aidb:idx:x', by: 'set' } }, false],
  ['records that others refer to', { ...kinds.model, appendOnly: true }, false],
  ['records told by their parents', { ...kinds.exprun, appendOnly: true }, false],
  ['fields of a hash', { ...kinds.hyperparam, appendOnly: true }, false],
];

function without(kind: Kind, ...names: readonly (keyof Kind)[]): Kind {
  return Object.fromEntries(
    Object.entries(kind).filter(([name]) => !names.includes(name as keyof Kind)),
  ) as unknown as Kind;
}

test.each(forms)('whether a kind can leave Redis is told by its row: %s', (_what, kind, may) => {
  const catalogue = catalogueOf([...aiRegistry.values(), { ...without(kind, 'packed'), name: 'other' }]);
  expect(retainedKinds(catalogue)).toEqual(['prediction', 'metric', ...(may ? ['other'] : [])]);
});

test('members have a series, which says what their key holds', () => {
  expect(() =>
    catalogueOf([...aiRegistry.values(), { ...without(kinds.metric, 'series'), name: 'x' }]),
  ).toThrow('series');
});
