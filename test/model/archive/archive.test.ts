import { explore } from '../explore';
import { archiveModel } from './model';
import type { ArchiveFault, ArchiveMutants, ArchiveScope } from './state';

const scope = (
  [instances, writes, faults]: readonly [1 | 2, number, number],
  may: readonly ArchiveFault[],
  more: Partial<ArchiveScope> = {},
): ArchiveScope => ({ instances, writes, faults, may: new Set(may), ...more });

const all: Record<string, [ArchiveScope, ArchiveMutants?]> = {
  fresh: [scope([1, 1, 1], ['crash', 'cut', 'flush', 'redis restored'], { fresh: true })],
  one: [scope([1, 2, 1], ['crash', 'cut'])],
  unlinks: [scope([1, 2, 1], ['crash', 'cut'], { unlinks: true })],
  flush: [scope([1, 2, 1], ['flush', 'stream deleted'])],
  snap: [scope([1, 2, 1], ['redis restored'])],
  pg: [scope([1, 2, 1], ['postgres restored'])],
  two: [scope([2, 1, 1], ['crash', 'cut', 'silence'])],
  retains: [scope([1, 1, 1], ['crash', 'cut'], { retains: true, parent: true })],
  pos: [scope([1, 1, 1], ['cut']), { positionBeforeData: true }],
  trim: [scope([1, 2, 1], ['cut'], { unlinks: true }), { trimBeforeCommit: true }],
  fence: [scope([2, 2, 1], ['silence'], {parent: true}), { noFence: true }],
  letters: [scope([1, 1, 1], ['crash']), { lettersOutside: true }],
  debt: [scope([1, 1, 2], ['crash', 'stream deleted']), { passDebtInMemory: true }],
  retention: [scope([1, 1, 0], [], { retains: true, parent: true }), { noRetentionCheck: true }],
  twopg: [scope([2, 1, 2], ['postgres restored', 'silence'], {parent: true})],
};
test.each(Object.entries(all))('%s', (_name, [one, mu]) => {
  const t = performance.now();
  const found = explore(archiveModel(one, mu), 120_000);
  console.log(_name, found, performance.now() - t);
});
