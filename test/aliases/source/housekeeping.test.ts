import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Housekeeping } from '../../../src/aliases/source/housekeeping';
import { defaultMappings } from '../../../src/mapping/alias-tables';
import { SourceKeeper } from '../../../src/aliases/source/source-keeper';
import { aliasDatabase } from '../../support/alias-database';
import { temporaryFolder } from '../../support/temporary-folder';

const folder = temporaryFolder();

test('a file that another program keeps open is asked for its log once a minute, and folded when that is gone', async () => {
  const path = join(folder, 'kept-open.db');
  const app = aliasDatabase(path);
  app.pragma('journal_mode = WAL');
  const folds: unknown[] = [];
  const keeper: SourceKeeper = new SourceKeeper({
    path,
    mappings: defaultMappings,
    aliasCase: 'preserve',
    install: true,
    onFold: () => {
      expect(keeper.folding).toBe(false);
      folds.push(keeper.source?.changelog?.length());
    },
  });
  const housekeeping = new Housekeeping();
  const tick = async (seconds: number) =>
    housekeeping.tick(keeper, (await keeper.refresh()).source, undefined, Date.now() + seconds * 1_000);
  await keeper.refresh();
  app.exec("INSERT INTO team_aliases VALUES (1, 'first')");
  const log = () => statSync(`${path}-wal`).size;
  const before = log();
  expect(before).toBeGreaterThan(0);
  expect(await tick(0)).toBeUndefined(); // not at rest
  expect(await tick(10)).toBe('folded');
  expect(await tick(20)).toBeUndefined();
  app.close();
  expect(await tick(60)).toBeUndefined();
  expect(log()).toBe(before);
  expect(await tick(80)).toBe('folded');
  await keeper.refresh();
  const times = folds.length;
  expect([await keeper.fold(), folds.length]).toEqual([undefined, times]); // it is empty, and a process for it would be for nothing
  expect(keeper.source?.isOpen).toBe(true);
  expect(log()).toBe(0);
  expect(folds).toEqual([2, 2]); // what the changelog held was known, each time
  keeper.close();
});
