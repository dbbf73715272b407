// @ts-check
import { clock, count, counted, duration } from '../format.js';
import { found, lastPassFact } from '../pipelines/view.js';

/**
 * What the page of a mapping shows, told from the daemon's answer alone: no function here looks at the page or the clock.
 * @typedef {import('../../../control/mapping-summary').MappingSummary} Summary
 * @typedef {import('../../../control/mappings').MappingPage} Mapping
 * @typedef {Mapping['sample']['keys'][number]} Sample
 * @typedef {import('../pipelines/view.js').Fact} Fact
 * @typedef {import('../pipelines/view.js').Figure} Figure
 * @typedef {import('../pipelines/view.js').Table} Table
 * @typedef {object} View
 * @property {string} way
 * @property {import('../pipelines/view.js').Tone} tone
 * @property {string} state
 * @property {string} notice why it is not served, and what to do; '' when it is
 * @property {readonly Figure[]} figures
 * @property {readonly Fact[]} facts
 * @property {Table} sample
 * @property {string} note below the sample
 * @property {Table | null} unserved
 * @property {string | null} letters what the link to its parked records says
 */

/** The two ends of each pipeline. */
const ends = { aliases: ['SQLite', 'Redis'], archive: ['Redis', 'PostgreSQL'] };

/** @param {Summary['pipeline']} pipeline */
const endsOf = (pipeline) => ends[pipeline].join(' to ');

/** @type {Record<Sample['state'], string>} */
const words = {
  same: 'equal',
  different: 'different',
  missing: 'not there',
  unfit: 'can be no row',
  skipped: 'left as it was',
};

/**
 * What stands behind a mapping's name in a list.
 * @param {Summary} mapping
 * @returns {{ tone: import('../pipelines/view.js').Tone, says: string }}
 */
export function lineOf({ served, keysInPass, parked, pipeline }) {
  if (!served) return { tone: 'bad', says: 'not served' };
  if ((parked ?? 0) > 0)
    return { tone: 'warn', says: `${count(parked)} ${pipeline === 'archive' ? 'parked' : 'without a key'}` };
  return { tone: 'ok', says: keysInPass === null ? '' : counted(keysInPass, 'key') };
}

/**
 * @param {Mapping} mapping
 * @param {number} at
 * @returns {View}
 */
export function viewOfMapping(mapping, at) {
  const { form, pipeline, keys, table, served, message, hint, parked, differences, lastPass } = mapping;
  const { applied, lag, sample, unserved, letters } = mapping;
  const line = lineOf(mapping);
  const archive = pipeline === 'archive';
  return {
    way: `${form === 'alias table' ? 'Alias table' : form === 'document' ? 'Document' : 'Record'}, ${endsOf(pipeline)}`,
    tone: line.tone,
    state: served ? (line.tone === 'ok' ? 'Served' : line.says) : 'Not served',
    notice: [message, hint].filter((part) => part !== null).join('. '),
    figures: [
      archive
        ? { name: 'Rows', value: `${sample.rows?.about ? 'about ' : ''}${count(sample.rows?.count ?? null)}` }
        : { name: 'Keys', value: count(mapping.keysInPass) },
      { name: 'Lag', value: count(lag.records), unit: 'records' },
      { name: archive ? 'Parked' : 'Without a key', value: count(parked) },
      { name: 'Written', value: count(applied.add + applied.update + applied.delete) },
    ],
    facts: [
      { name: 'Keys', value: keys, theirs: true },
      { name: 'Table', value: table, theirs: true },
      lastPassFact(lastPass, differences === null ? 'not compared' : found(differences), at),
      {
        name: 'Written',
        value: `${count(applied.add)} added, ${count(applied.update)} updated, ${count(applied.delete)} deleted since the start`,
      },
      {
        name: 'Lag',
        value: `${counted(lag.records ?? 0, 'record')}, the oldest waits for ${duration(lag.seconds === null ? null : lag.seconds * 1_000)}; of all its pipeline`,
      },
    ],
    sample: sampleTable(mapping),
    note: [
      sample.note === null ? '' : `${sample.note[0]?.toUpperCase()}${sample.note.slice(1)}.`,
      sample.keys.length > 0 || sample.note !== null ? '' : 'It has no keys.',
      `As of ${clock(at, at)}; what is on its way may look like a difference.`,
    ]
      .filter((part) => part !== '')
      .join(' '),
    unserved:
      unserved.length === 0
        ? null
        : {
            caption: `Rows that cannot be served${unserved.length < (parked ?? 0) ? ', some of them' : ''}`,
            head: ['Key', 'Id', 'Why'],
            rows: unserved.map(({ alias, id, reason }) => [alias ?? '–', id ?? '–', reason]),
          },
    letters:
      letters.length === 0
        ? null
        : `${counted(
            letters.reduce((sum, group) => sum + group.count, 0),
            'parked record',
          )}: ${letters.map(({ code, count: many }) => `${code} (${count(many)})`).join(', ')}`,
  };
}

/** @param {Mapping} mapping @returns {Table} */
function sampleTable({ pipeline, sample }) {
  const [source = '', target = ''] = ends[pipeline];
  return {
    caption: 'A few keys, on both sides',
    head: ['Key', source, target, 'State'],
    rows: sample.keys.map(({ key, record, state, why, ...sides }) => [
      record === undefined ? key : `${key} (${record})`,
      sides.source ?? '–',
      sides.target ?? '–',
      why === undefined ? words[state] : `${words[state]}: ${why}`,
    ]),
  };
}
