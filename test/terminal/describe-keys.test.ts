import { describeAlias } from '../../src/terminal/describe-difference';
import { describeDocumentTrace } from '../../src/terminal/describe-trace';
import { displayWidth } from '../../src/terminal/display-width';

const long = (end: string) => JSON.stringify([...Array.from({ length: 2_000 }, () => 'مدل漢'), end]);

test('long values of keys are cut to where they part, in a plan and in a trace', () => {
  const line = describeAlias({ key: 'k', change: 'update', redis: long('old'), table: long('new') });
  expect(line).toMatch(/^~ k {2}….{12}old"\] -> ….{12}new"\]$/);
  const added = describeAlias({ key: 'k', change: 'add', redis: null, table: long('new') });
  expect(added).toMatch(/^\+ k {2}\(nil\) -> \["مدل漢",.*…$/);
  expect(displayWidth(added)).toBeLessThanOrEqual(220);
  const short = describeAlias({ key: 'k', change: 'update', redis: '["a"]', table: '["b"]' });
  expect(short).toBe('~ k  ["a"] -> ["b"]');

  const trace = describeDocumentTrace({
    ...{ key: 'k', mapping: 'm', template: 'k{id}', table: 't', columns: { id: '1' }, expected: long('new') },
    ...{ redis: null, changelog: [], looked: 0, unasked: 0, verdict: { sentence: 'is missing' } },
  } as never);
  for (const told of trace.split('\n')) expect(displayWidth(told)).toBeLessThanOrEqual(220);
});
