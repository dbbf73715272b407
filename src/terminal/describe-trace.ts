import type { AliasTrace } from '../aliases/inspect/trace';
import type { DocumentTrace } from '../aliases/inspect/trace-document';
import type { ArchiveTrace } from '../archive/inspect/record-trace';
import { harmless } from '../foundation/harmless';
import { shortenedKeys } from './describe-difference';

/** A record's trace in words: a paragraph for each place it may be in, and the verdict. Pure. */
export function describeRecordTrace({ key, redis, archive, verdict }: ArchiveTrace): string {
  const lines = [harmless(key)];
  const { type, created, fields, records, expiresInMs } = redis;
  if (type === 'none') lines.push('Redis      not there');
  else {
    const born = created === null ? '' : `, created ${created}`;
    const expires = expiresInMs === null ? '' : `, expires in ${Math.round(expiresInMs / 1_000)} s`;
    lines.push(`Redis      a ${type}${records > 1 ? ` of ${records} records` : ''}${born}${expires}`);
    if (fields.length > 0)
      lines.push(`           ${fields.map(({ name, bytes }) => `${harmless(name)} ${bytes} B`).join(', ')}`);
  }
  if (archive !== null) {
    const { waiting, owner, position, parked, rows, counted, parents, differences, stream } = archive;
    lines.push(
      `Stream     applied to ${position}; ${owner === null ? 'no daemon owns it' : `${owner} owns it`}`,
    );
    for (const { entryId, at, before, says } of waiting.entries.slice(0, 10))
      lines.push(
        `           entry ${entryId} of ${new Date(at).toISOString()} ${says === 'carries the record' ? says : `says ${says}`}; ${before} wait before it`,
      );
    if (waiting.entries.length === 0)
      lines.push(
        `           none of the ${waiting.looked} entries that wait${waiting.complete ? '' : ' first'} names it${waiting.tooLarge === 0 ? '' : `; ${waiting.tooLarge} are too large to be read`}`,
      );
    for (const letter of parked)
      lines.push(
        harmless(
          `Parked     number ${letter.id}, ${letter.code}${letter.column === null ? '' : ` ${letter.column}`}: ${letter.message}; tried ${letter.attempts === 1 ? 'once' : `${letter.attempts} times`} since ${letter.firstAt}`,
        ),
      );
    if (counted !== null)
      lines.push(
        `Postgres   ${counted.count} rows of ${counted.table}${counted.firstId === null ? '' : `, ids ${counted.firstId} to ${counted.lastId ?? ''}`}`,
      );
    else if (stream !== null && stream.entry === null)
      lines.push(
        `Entries    ${stream.last === null ? 'none is read' : `read up to ${stream.last}`}, ${stream.waiting} wait`,
      );
    else if (rows.length === 0) lines.push('Postgres   no row');
    for (const row of rows) {
      const whose =
        created === null || row.created === created ? '' : ', of another record that had this number';
      const origin = row.created === null ? '' : `, of the record created ${row.created}`;
      const mapped = row.owned ? '' : ', mapped to it: it had the name first';
      lines.push(
        `Postgres   row ${row.id} of ${row.table}${row.alive ? '' : ', deleted there'}${origin}${whose}${mapped}`,
      );
      const times = Object.entries(row.times).flatMap(([name, time]) =>
        time === null ? [] : [`${name} ${time}`],
      );
      if (times.length > 0) lines.push(`           ${times.join(', ')}`);
      if (row.committedAt !== null) lines.push(`           last written ${row.committedAt}`);
    }
    for (const parent of parents)
      lines.push(
        `Parent     ${parent.kind} ${parent.id}${parent.created === null ? '' : ` of ${parent.created}`}: ${parent.pgId === null ? 'not in Postgres' : `row ${parent.pgId}`} (${parent.column})`,
      );
    for (const { change, reason, columns } of differences.slice(0, 10))
      lines.push(
        harmless(
          `Differs    ${columns.length > 0 ? `in ${columns.join(', ')}` : change}${reason === undefined ? '' : `: ${reason}`}`,
        ),
      );
  }
  return [...lines, `→ ${verdict.sentence}`].map(harmless).join('\n');
}

export function describeAliasTrace({
  key,
  table,
  rows,
  more,
  expected,
  redis,
  changelog,
  looked,
  verdict,
}: AliasTrace): string {
  const lines = [
    key,
    `SQLite     ${table === null ? 'no table' : `${rows.length}${more ? ' and more' : ''} rows of ${table}`}`,
  ];
  for (const row of rows.slice(0, 20))
    lines.push(
      `           ${row.rowid === null ? '' : `rowid ${row.rowid}: `}${row.id ?? 'no usable id'}, ${row.alias}`,
    );
  for (const { seq, at, consumed } of changelog)
    lines.push(
      `Changelog  change ${seq} of ${new Date(at).toISOString()}, ${consumed ? 'applied' : 'waiting'}`,
    );
  if (changelog.length === 0) lines.push(`Changelog  none of the last ${looked} changes names it`);
  const [found, wanted] = shortenedKeys(redis ?? '(nil)', expected ?? '(nil)');
  lines.push(`Redis      ${found}${redis === expected ? '' : `, where the table says ${wanted}`}`);
  return [...lines, `→ ${verdict.sentence}`].map(harmless).join('\n');
}

export function describeDocumentTrace(trace: DocumentTrace): string {
  const { key, mapping, template, table, columns, expected, reason, redis, verdict } = trace;
  const named =
    columns === null
      ? `no row can have it: it is not of the form ${template}`
      : Object.entries(columns)
          .map(([column, text]) => `${column} ${text}`)
          .join(', ');
  const [found, wanted] = shortenedKeys(redis ?? '(nil)', expected ?? reason ?? 'no row yields it');
  const lines = [
    `${key}   of ${mapping} (${template})`,
    `SQLite     ${table}, ${named}`,
    ...(columns === null ? [] : [`           ${wanted}`]),
    ...changes(trace),
    `Redis      ${found}`,
  ];
  return [...lines, `→ ${verdict.sentence}`].map(harmless).join('\n');
}

function changes({ changelog, looked, unasked }: DocumentTrace): readonly string[] {
  const told = changelog.map(
    ({ seq, at, table, consumed }) =>
      `Changelog  change ${seq} of ${new Date(at).toISOString()}, of ${table}, ${consumed ? 'applied' : 'waiting'}`,
  );
  return [
    ...(told.length > 0 ? told : [`Changelog  none of the last ${looked} changes names it`]),
    ...(unasked === 0 ? [] : [`           ${unasked} changes were not asked which documents they name`]),
  ];
}
