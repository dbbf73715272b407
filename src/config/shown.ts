import { aliasDocument, defaultMappings } from '../mapping/alias-tables';
import { builtInDocuments } from '../mapping/file/built-in';
import type { Shown } from '../mapping/file/write-documents';
import { type OwnKind, ownKindsOf } from '../mapping/kinds';
import type { Config } from './load';
import { options } from './options';

type Mapped = Pick<Config, 'aliasTables' | 'documents' | 'catalogue' | 'mappingsFile'>;

/** Mappings that are from no file were given to the library. */
const byHand = 'defineMappings';

/** The alias tables as documents, and the documents, with where each is from. */
export function shownDocuments({ aliasTables, documents, mappingsFile }: Mapped): readonly Shown[] {
  const entities = builtInDocuments('sports-entities');
  const aliasesFrom = aliasTables === defaultMappings ? 'sports-aliases, built in' : options.aliasTables.env;
  return [
    ...aliasTables.map((table) => ({ document: aliasDocument(table), from: aliasesFrom })),
    ...documents.map((document) => ({
      document,
      from: entities.includes(document) ? 'sports-entities, built in' : (mappingsFile?.path ?? byHand),
    })),
  ];
}

/** The records of the user's own, with where they are from. */
export const shownRecords = ({
  catalogue,
  mappingsFile,
}: Mapped): readonly { readonly record: OwnKind; readonly from: string }[] =>
  ownKindsOf(catalogue).map((record) => ({ record, from: mappingsFile?.path ?? byHand }));
