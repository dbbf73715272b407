import { kindOf } from '../../../src/mapping/kinds';
import type { Resolved } from '../../../src/archive/identity/resolved';
import { toRow } from '../../../src/archive/record/row';
import { follow } from '../../../src/archive/write/followed';
import { PostgresConnection } from '../../../src/connections/postgres/postgres';
import { requirePostgres } from '../../../src/config/load';
import { useArchive } from '../support/archive';
import { alone, ownArchive, user } from '../support/own-records';

const archive = useArchive();
const catalogue = alone(user);
const kind = kindOf(catalogue, 'user');
const record: Resolved = {
  row: toRow({
    ...{ kind, id: Buffer.from('1'), parents: [] },
    values: kind.columns.map(({ column }) => (column === 'email' ? Buffer.from('a@b.c') : undefined)),
  }),
  parents: [],
};

test('a row that follows a record of this life of Redis goes on doing so when one of an older life is tried again', async () => {
  const postgres = new PostgresConnection(requirePostgres(ownArchive(archive, catalogue).config()), 'test');
  const life = 'SELECT life FROM millrace.followed';
  const note = (of: string) =>
    postgres.transaction((transaction) => follow(transaction, kind, [record], { life: of, theirs: false }));
  try {
    await note('2');
    await note('1');
    expect(await archive.lines(life)).toEqual(['2']);
    await note('3');
    expect(await archive.lines(life)).toEqual(['3']);
    await archive.postgres.query('UPDATE millrace.followed SET life = NULL');
    await note('2');
    expect(await archive.lines(life)).toEqual(['2']);
  } finally {
    postgres.close();
  }
}, 30_000);
