import { aiRegistry } from '../../src/mapping/ai-registry';
import { kinds } from '../support/nine-kinds';

test('the file of the registry says of each of the nine kinds what it is, parents before children', () => {
  expect([...aiRegistry.keys()]).toEqual(Object.keys(kinds));
  expect([...aiRegistry.values()]).toStrictEqual(Object.values(kinds));
});
