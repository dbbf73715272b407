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
  readonly confirmed: AliasCheckpoint | undefined;
  readonly passes: PassRunner<PassReport>;
  readonly unserved: readonly UnservedRow[];
}

/** @returns undefined while not all is followed change by change, from a full pass on: then the successor begins as at a start */
export function handOver({ source, confirmed, passes, unserved }: HandoverParts): AliasHandover | undefined {
  const { last, scope: owed } = passes;
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
        ? [[entry.mapping.type, `${fingerprint(entry.mapping)} ${entry.table} ${entry.columns.join()}`]]
        : [],
    ),
    ...documents.flatMap((entry): [string, string][] => {
      if (entry.state === 'unserved') return [];
      const { mapping, table, columns } = entry;
      const where = JSON.stringify([table.name, columns.map(({ name, affinity }) => [name, affinity])]);
      return [[mapping.name, `${documentFingerprint(mapping)} ${where}`]];
    }),
  ]);

/**
 * What a lane takes over: mappings that are as they were go on where they stood. The pass that the others need is asked for once, when
 * the capture logs what they watch.
 */
export class TakeOver {
  #handover: AliasHandover | undefined;
  /** How far the lane before has come. */
  readonly known: Known | undefined;

  constructor(handover: AliasHandover | undefined) {
    this.#handover = handover;
    this.known = handover?.known;
  }

  /** Whether a mapping gets a pass anyhow, so that no change of it can have gone unseen until now. */
  isNew(source: AliasSource, name: string): boolean {
    const served = this.#handover?.served;
    return served !== undefined && served.get(name) !== servedBy(source).get(name);
  }

  /** @param settled whether the capture is complete, or cannot be @returns the pass that is due now; undefined: none */
  due(source: AliasSource, settled: boolean): Scope | undefined {
    const handover = this.#handover;
    if (handover === undefined || !settled) return undefined;
    const { served, file, owed } = handover;
    const all = owed === 'all' || source.changelog === undefined || !sameFile(file, source.ground.main);
    const fresh = [...servedBy(source)].filter(([name, now]) => served.get(name) !== now);
    this.#handover = undefined;
    if (all) return 'all';
    const names = new Set([...fresh.map(([name]) => name), ...(owed ?? [])]);
    const due = new Set([...names].filter((name) => source.truths.has(name)));
    return due.size === 0 ? undefined : due;
  }
}
