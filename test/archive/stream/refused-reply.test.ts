import { refusedReplyIn } from '../../../src/archive/stream/refused-reply';
import { ReplyGuard, ReplyTooLarge } from '../../../src/connections/reply-guard';

/** What Redis answers, as far as the guard lets it come. */
type Value = string | readonly Value[];
const encode = (value: Value): string =>
  typeof value === 'string'
    ? `$${value.length}\r\n${value}\r\n`
    : `*${value.length}\r\n${value.map(encode).join('')}`;
const small = (id: string): Value => [id, ['model', '17']];
const large = (id: string, field = 'model'): Value => [id, [field, 'x'.repeat(9_000)]];
const half = (id: string): Value => [id, ['model', 'x'.repeat(3_000)]];
const inParts = (id: string): Value => [id, Array.from({ length: 100 }, () => 'x')];

function refused(reply: string, cut = reply.length): ReplyTooLarge {
  const guard = new ReplyGuard(7_000);
  try {
    for (let at = 0; at < reply.length; at += cut) guard.read(Buffer.from(reply.slice(at, at + cut)));
  } catch (error) {
    if (error instanceof ReplyTooLarge) return error;
  }
  throw new Error('it was not refused');
}

const cases: readonly (readonly [string, readonly Value[], { fit: number; carries?: string }])[] = [
  ['one that is too large', [large('1-0')], { fit: 0 }],
  ['one of very many fields', [inParts('1-0')], { fit: 0 }],
  ['one that carries predictions', [large('1-0', 'prediction=')], { fit: 0, carries: 'prediction' }],
  ['one that carries points', [large('1-0', 'metric='), small('2-0')], { fit: 0, carries: 'metric' }],
  ['the first of several', [large('1-0'), small('2-0'), small('3-0')], { fit: 0 }],
  ['one between others', [small('1-0'), small('2-0'), large('3-0'), small('4-0')], { fit: 2 }],
  ['the last', [small('1-0'), inParts('2-0')], { fit: 1 }],
  ['several that are too large together', [half('1-0'), half('2-0'), half('3-0')], { fit: 1 }],
];
const forms: readonly (readonly [string, (entries: readonly Value[]) => Value])[] = [
  ['XRANGE', (entries) => entries],
  ['XREAD', (entries) => [['millrace:changes', entries]]],
];
describe.each(forms)('%s', (_form, form) => {
  test.each(cases)('%s', (_what, entries, expected) => {
    const { fit, carries } = expected;
    // What came before was another reply.
    const reply = `:1\r\n${encode(form(entries))}`;
    expect(refusedReplyIn(refused(reply))).toEqual({ fit, firstId: '1-0', carries });
  });
});

test('cut anywhere it says the truth or that nobody knows', () => {
  const reply = encode([['millrace:changes', [small('1-0'), small('2-0'), large('3-0')]]]);
  for (let cut = 1; cut < 200; cut++) {
    const { fit, firstId } = refusedReplyIn(refused(reply, cut));
    expect([undefined, '1-0']).toContain(firstId);
    expect(fit).toBe(firstId === undefined ? 0 : 2);
  }
});

test('a refused reply of another command tells nothing of the stream', () => {
  expect(refusedReplyIn(refused(encode(['x'.repeat(9_000)])))).toEqual({
    fit: 0,
    firstId: undefined,
    carries: undefined,
  });
});
