import { AliasSource } from '../aliases/source/source';
import type { UnservedRow } from '../aliases/source/unserved';
import { findUnserved } from '../aliases/source/unserved-rows';
import type { AliasFile, Config } from '../config/load';
import { print, printJson } from './print';
import { sourceOptions } from '../aliases/source/source-options';

/** Prints the rows that can have no key, as they are in the file now. @returns how many were printed @throws E_DB_MISSING (fatal) */
export function tellUnserved(
  { pipelines, ...file }: AliasFile & Pick<Config, 'pipelines'>,
  most: number,
  json: boolean,
): number {
  if (!pipelines.includes('aliases')) return 0;
  const source = AliasSource.open(sourceOptions(file));
  let told = 0;
  try {
    for (const [type, truth] of source.truths) {
      for (const row of findUnserved(type, truth, most - told)) {
        if (json) printJson({ unserved: row });
        else print(source.documentTruths.has(type) ? documentLine(row) : line(row));
        told++;
      }
      if (told >= most) break;
    }
  } finally {
    source.close();
  }
  if (told > 0 && !json)
    print(
      `${told >= most ? `The first ${told}` : told} ${file.documents.length > 0 ? 'rows' : 'rows of alias tables'} that cannot be served: mend them in SQLite (UPDATE, DELETE), and they are gone from here.`,
    );
  return told;
}

const line = ({ table, alias, id, reason }: UnservedRow): string =>
  `${table}  alias ${shown(alias)}, id ${shown(id)}: ${reason}`;

const documentLine = ({ type, table, alias, reason }: UnservedRow): string =>
  `${table}  ${type}, key ${shown(alias)}: ${reason}`;

const shown = (value: string | null): string => (value === null ? '-' : JSON.stringify(value));
