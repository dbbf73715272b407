import { readBuiltInFile } from '../../src/mapping/file/mapping-file';
import { writeDocuments } from '../../src/mapping/file/write-documents';
import { recordKinds } from '../../src/mapping/record-kinds';
import { aiRegistry } from '../../src/mapping/ai-registry';
import { kinds } from '../support/nine-kinds';

test('the file of the registry says of each of the nine kinds what it is, parents before children', () => {
  expect([...aiRegistry.keys()]).toEqual(Object.keys(kinds));
  expect([...aiRegistry.values()]).toStrictEqual(Object.values(kinds));
});

test('what is shown of the kinds, read again, is the same kinds', () => {
  const written = writeDocuments(
    [],
    [],
    [...aiRegistry.values()].map((record) => ({ record, from: 'built in' })),
  );
  const read = readBuiltInFile(written, 'shown.yaml');
  if ('problems' in read) throw new Error(JSON.stringify(read.problems));
  expect(recordKinds(read.records.map(({ mapping }) => mapping))).toStrictEqual([...aiRegistry.values()]);
});
