import { getDefaultHighWaterMark, setDefaultHighWaterMark } from 'node:stream';
import { Live } from '../../src/http/live';

// Node's own choice: 16 KiB until 20, 64 KiB since 22.
test.each([16_384, 65_536, 1_048_576])(
  'a listener that does not read is not buffered for without end, and dropped at last, where streams keep %d bytes',
  (bytes) => {
    const before = getDefaultHighWaterMark(false);
    setDefaultHighWaterMark(false, bytes);
    const live = new Live(() => ({ state: 'x'.repeat(50_000) }));
    const stream = live.join(false) as ReturnType<Live['join']> & { readonly writableLength: number };
    setDefaultHighWaterMark(false, before);
    for (let second = 0; second < 20; second++) live.tell('status', { state: 'x'.repeat(50_000) });
    expect(stream.readableLength + stream.writableLength).toBeLessThan(200_000);
    expect(stream.destroyed).toBe(false);
    live.tell('status', {});
    expect(stream.destroyed).toBe(true);
    live.close();
  },
);

test('nobody is looked for while nobody listens', () => {
  let looks = 0;
  const live = new Live(() => ({ looks: ++looks }));
  live.tell('sample', {});
  expect(looks).toBe(0);
  live.join(false);
  expect(looks).toBe(1);
  live.close();
});
