// @ts-check
import { count, counted, unknown } from '../format.js';
import { checkpointFact, common, found, lastPassFact, store } from './view.js';

/**
 * @typedef {import('./view.js').View} View
 * @typedef {NonNullable<import('./view.js').DaemonStatus['aliases']>} AliasStatus
 */

/** @type {Record<AliasStatus['tables'][number]['state'], string>} */
const words = {
  served: 'served',
  missing: 'no such table',
  'not-a-table': 'not a table',
  'no-column': 'a column is missing',
  computed: 'a column is computed',
  'not-unique': 'two rows may have one key',
  select: 'its SELECT cannot be used',
  scan: 'its SELECT reads a whole table',
  'not-watched': 'its SELECT reads a table that is not watched',
};

/**
 * @param {AliasStatus} status
 * @param {import('./view.js').Moment} moment
 * @returns {View}
 */
export function viewOfAliases(status, moment) {
  const { at } = moment;
  const { nextPass, ...shared } = common(status, moment);
  const { lastPass, changelogRows, notCaptured } = status;
  const differences = lastPass === null ? 0 : lastPass.added + lastPass.updated + lastPass.deleted;
  return {
    ...shared,
    stops: [
      {
        title: 'SQLite',
        name: fileName(status.database),
        ...store(
          status,
          'SQLite',
          counted(status.tables.filter(({ state }) => state === 'served').length, 'table'),
        ),
      },
      {
        title: 'Changelog',
        name: 'millrace_changelog',
        fact: changelogRows === null ? 'none' : counted(changelogRows, 'row'),
      },
      {
        title: 'Redis',
        name: status.redis,
        ...store(status, 'Redis', lastPass === null ? '' : counted(lastPass.total, 'key')),
      },
    ],
    steps: ['triggers', 'tail'],
    facts: [
      lastPassFact(lastPass, found(differences), at),
      nextPass,
      checkpointFact(status.checkpoint, at),
      {
        name: 'Changelog',
        value: changelogRows === null ? 'none' : `${counted(changelogRows, 'row')}, a day of changes kept`,
      },
      ...(notCaptured === null ? [] : [{ name: 'Full passes only', value: notCaptured, theirs: true }]),
      ...(lastPass !== null && lastPass.skipped > 0
        ? [
            {
              name: 'Without a key',
              value: `${counted(lastPass.skipped, 'row')}: mend ${lastPass.skipped === 1 ? 'it' : 'them'} in SQLite; the next full pass looks again`,
            },
          ]
        : []),
      { name: 'Database', value: status.database, theirs: true },
    ],
    unserved:
      status.unserved.length === 0
        ? null
        : {
            caption: `Rows that cannot be served${status.unserved.length < (lastPass?.skipped ?? 0) ? ', some of them' : ''}`,
            head: ['Table', 'Alias', 'Id', 'Why'],
            rows: status.unserved.map(({ table, alias, id, reason }) => [
              table,
              alias ?? unknown,
              id ?? unknown,
              reason,
            ]),
          },
    table: {
      caption: 'By type, in the last full pass',
      head: ['Type', 'Aliases', 'Added', 'Updated', 'Deleted', 'Table'],
      rows: status.tables.map(({ type, table, state }) => {
        const result = lastPass?.types[type];
        const numbers = [result?.total, result?.added, result?.updated, result?.deleted];
        return [
          type,
          ...numbers.map((number) => count(number ?? null)),
          state === 'served' ? table : `${table}: ${words[state]}`,
        ];
      }),
    },
  };
}

/** @param {string} path */
const fileName = (path) => path.split(/[\\/]/).at(-1) ?? path;
