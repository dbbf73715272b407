import { explore } from '../explore';
import { archiveModel } from './model';
import type { ArchiveFault, ArchiveMutants, ArchiveScope } from './state';

const scope = (
  [instances, writes, faults]: readonly [1 | 2, number, number],
  may: readonly ArchiveFault[],
  more: Partial<ArchiveScope> = {},
): ArchiveScope => ({ instances, writes, faults, may: new Set(may), ...more });

const all: Record<string, [ArchiveScope, ArchiveMutants?]> = {
  flush: [scope([1, 2, 1], ['flush', 'stream deleted'])],
  pg: [scope([1, 2, 1], ['postgres restored'])],
  twopg: [scope([2, 1, 1], ['postgres restored'], {parent: true, tookOver: true})],
  twopg2: [scope([2, 2, 1], ['postgres restored'], {parent: true, tookOver: true}), {ownersByCount: true}],
};
test.each(Object.entries(all))('%s', (_name, [one, mu]) => {
  const t = performance.now();
  const found = explore(archiveModel(one, mu), 120_000);
  console.log(_name, found, performance.now() - t);
});
