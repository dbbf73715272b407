import { Relay } from '../../../src/archive/apply/relay';
import type { Page } from '../../../src/archive/tail/stream';
import type { StreamTail } from '../../../src/archive/tail/stream-tail';
import type { PostgresConnection } from '../../../src/connections/postgres/postgres';
import { eventually } from '../../support/eventually';

const pages = ['1-0', '2-0', '3-0'].map((position) => ({ position }) as Page);

/** Runs the first of three pages that have come, each of which is applied when it is told so. */
function running(isGrowing: (page: Page) => boolean) {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const next = (position: string) => pages[Number.parseInt(position)];
  const relay = new Relay({
    tail: { arrival: () => Promise.resolve(), peek: next, take: next } as unknown as StreamTail,
    connections: [{}, {}, {}] as PostgresConnection[],
    isPlain: () => true,
    isGrowing,
    mayGoOn: () => true,
    apply: ({ position }) => {
      begun.push(position);
      return new Promise((resolve) => ends.push(resolve));
    },
    onApplied: () => undefined,
  });
  const over = relay.run(pages[0] as Page);
  return { begun, ends, over };
}

test('pages that have come whole are under way together', async () => {
  const { begun, ends, over } = running(() => false);
  await eventually(() => begun.length === 3);
  for (const end of ends) end();
  await over;
});

test('a page that still takes in what comes waits for the one under way', async () => {
  const { begun, ends, over } = running(({ position }) => position === '3-0');
  await eventually(() => begun.length === 2);
  for (const end of ends) end();
  await over;
  expect(begun).toEqual(['1-0', '2-0']);
});
