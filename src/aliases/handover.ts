import type { LastPass, PassRunner, Scope } from '../pipeline/pass-runner';
import { documentFingerprint, fingerprint } from '../mapping/fingerprint';
import type { PassReport } from './pass/report';
import type { AliasCheckpoint } from './sink/checkpoint';
import { type Known, knownOf } from './sink/continuity';
import { type FileIdentity, sameFile } from './source/file/ground';
import type { AliasSource } from './source/source';
import type { UnservedRow } from './source/unserved';

/** What a lane that ends leaves to one with other mappings that follows in the same process. */
export interface AliasHandover {
  /** By name, what tells a mapping from another one, or from one that finds its table otherwise. */
  readonly served: ReadonlyMap<string, string>;
  readonly file: FileIdentity;
  readonly known: Known;
  readonly last: LastPass<PassReport>;
  /** Of which mappings a pass was asked for that is not complete. */
  readonly owed: Scope | undefined;
  readonly unserved: readonly UnservedRow[];
}

export interface HandoverParts {
  readonly source: AliasSource | undefined;
  /** The source lost something, and no pass was asked for yet. */
  readonly doubted: boolean;
  readonly confirmed: AliasCheckpoint | undefined;
  readonly passes: PassRunner<PassReport>;
  readonly unserved: readonly UnservedRow[];
}

/** @returns undefined while not all is followed change by change, from a full pass on: then the successor begins as at a start */
export function handOver(parts: HandoverParts): AliasHandover | undefined {
  const { source, doubted, confirmed, passes, unserved } = parts;
  const { last } = passes;
  const owed = doubted ? 'all' : passes.scope;
  if (source?.changelog === undefined || confirmed?.position == null || last === undefined) return undefined;
  return {
    served: servedBy(source),
    file: source.ground.main,
    known: knownOf(confirmed),
    ...{ last, owed, unserved },
  };
}

const servedBy = ({ entries, documents }: AliasSource): ReadonlyMap<string, string> =>
  new Map([
    ...entries.flatMap((entry): [string, string][] =>
      entry.state === 'served'
        ? [
            [
              entry.mapping.type,
              `${fingerprint(entry.mapping)} ${entry.table} ${entry.columns.map(({ name }) => name).join()}`,
            ],
          ]
        : [],
    ),
    ...documents.flatMap((entry): [string, string][] => {
      if (entry.state === 'unserved') return [];
      const { mapping, table, columns } = entry;
      const where = JSON.stringify([table.name, columns.map(({ name, affinity }) => [name, affinity])]);
      return [[mapping.name, `${documentFingerprint(mapping)} ${where}`]];
    }),
  ]);

/** Whether a mapping is none of those that were followed, or is another one by now: it gets a pass, so that no change of it can have gone unseen. */
export const isFresh = ({ served }: AliasHandover, source: AliasSource, name: string): boolean =>
  served.get(name) !== servedBy(source).get(name);

/** The pass that is due once the capture logs what all mappings watch; those that are as they were go on where they stood. @returns undefined: none */
export function dueAfter({ served, file, owed }: AliasHandover, source: AliasSource): Scope | undefined {
  if (owed === 'all' || source.changelog === undefined || !sameFile(file, source.ground.main)) return 'all';
  const fresh = [...servedBy(source)].filter(([name, now]) => served.get(name) !== now);
  const names = new Set([...fresh.map(([name]) => name), ...(owed ?? [])]);
  const due = new Set([...names].filter((name) => source.truths.has(name)));
  return due.size === 0 ? undefined : due;
}
