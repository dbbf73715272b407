import { parseRetention } from '../../src/mapping/retention-policy';
import { aiRegistry } from '../../src/mapping/ai-registry';
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
