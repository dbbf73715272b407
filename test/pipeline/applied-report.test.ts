import { createMetrics } from '../../src/metrics/metrics';
import { AppliedReport, type AppliedSum } from '../../src/pipeline/applied-report';
import type { Telling } from '../../src/pipeline/event';
import { keepLog } from '../support/daemon';

afterEach(() => jest.restoreAllMocks());

function build() {
  const sums: AppliedSum<string>[] = [];
  const told: Telling[] = [];
  const report = new AppliedReport<string>({
    pipeline: 'archive',
    log: keepLog(),
    metrics: createMetrics(),
    tell: (event) => told.push(event),
    describe: (sum) => {
      sums.push(sum);
      return { fields: {}, text: '' };
    },
  });
  return { report, sums, told };
}

const step = (added: number, since?: number, parked = 0) => ({
  counts: [['model', { added, updated: 0, deleted: 1 }] as const],
  ...{ parked, since, tookMs: 1 },
});

test('what is applied within a second is told once, added up by kind', () => {
  let now = 10_000;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
  const { report, sums, told } = build();
  report.add(step(1));
  expect(told).toEqual([{ type: 'applied', added: 1, updated: 0, deleted: 1, parked: 0, ms: null }]);
  report.add(step(2, Date.now() - 500, 1));
  report.add(step(3));
  report.flush();
  expect(told).toHaveLength(1);
  now += 1_000;
  report.flush();
  report.flush();
  expect(told.slice(1)).toMatchObject([{ added: 5, deleted: 2, parked: 1 }]);
  expect(sums[1]?.ms).toBeGreaterThanOrEqual(500);
  expect([...(sums[1]?.kinds ?? [])]).toEqual([['model', { added: 5, updated: 0, deleted: 2 }]]);
  expect(report.total).toBe(9);
});

test('what somebody else tells is only counted, and nothing is told where nothing was written', () => {
  const { report, told } = build();
  report.count('model', { added: 4, updated: 2, deleted: 1 });
  report.add({ counts: [], parked: 0, tookMs: 1, since: Date.now() });
  expect([report.total, told]).toEqual([7, []]);
  report.add({ counts: [], parked: 1, tookMs: 1, since: undefined }); // a parked record is worth a word
  expect(told).toMatchObject([{ added: 0, parked: 1 }]);
});
