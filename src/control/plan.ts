import { dryRunPass } from '../aliases/pass/dry-run-pass';
import type { Difference } from '../aliases/pass/dry-run';
import { AliasSource } from '../aliases/source/source';
import { sourceOptions } from '../aliases/source/source-options';
import { readIntroduced } from '../aliases/sink/introduced';
import { type Standing, standings } from '../aliases/sink/introduction';
import type { Mappings } from '../aliases/sink/sink';
import { tableStatuses } from '../aliases/status';
import type { AliasStores } from '../config/load';
import { keyPrefix } from '../mapping/alias-tables';
import { documentHashes } from '../mapping/fingerprint';

/** What one mapping would do to Redis now. */
export interface MappingPlan {
  readonly name: string;
  /** Its key template. */
  readonly key: string;
  /** `unserved`: `message` says why, and its keys stay as they are. */
  readonly state: Standing | 'unserved';
  readonly message?: string;
  readonly hint?: string;
  /** Keys that it stands for. */
  readonly total: number;
  readonly add: number;
  readonly update: number;
  readonly delete: number;
  /** Of a new one: how many keys hold something now that would go. Nothing of it is done before somebody has named it. */
  readonly takes: number;
  readonly samples: readonly Difference[];
}

export interface Plan {
  readonly mappings: readonly MappingPlan[];
  /** Mappings that Redis has keys of, and that are in force no more: what they made stays. */
  readonly left: readonly { readonly name: string; readonly prefix: string }[];
  /** What the SQLite file lacks: triggers, the changelog, indexes. */
  readonly capture: readonly string[];
}

const samplesOfEach = 3;

/** Whether there is something to do. */
export const hasChanges = ({ mappings, capture }: Plan): boolean =>
  capture.length > 0 ||
  mappings.some(
    (one) => one.state === 'new' || one.state === 'changed' || one.add + one.update + one.delete > 0,
  );

/** What the mappings in force would do. Reads SQLite and Redis, writes neither. @throws as a pass does */
export async function planMappings(stores: AliasStores): Promise<Plan> {
  const { entries, capture } = look(stores);
  const introduced = await readIntroduced(stores.redis);
  const differences = new Map<string, { samples: Difference[]; takes: number }>();
  const report = await dryRunPass(stores, { force: 'mass deletion' }, (difference, { mapping, takes }) => {
    const found = differences.get(mapping) ?? { samples: [], takes: 0 };
    differences.set(mapping, found);
    if (takes) found.takes++;
    if (found.samples.length < samplesOfEach) found.samples.push(difference);
  });
  const standing = standings({ ...stores, hashes: documentHashes(stores.documents), claimed: new Set() });
  const keys = new Map([
    ...stores.aliasTables.map(({ type }) => [type, `${keyPrefix(type)}{alias}`] as const),
    ...stores.documents.map(({ name, key }) => [name, key.text] as const),
  ]);
  const mappings = [...keys].map(([name, key]): MappingPlan => {
    const { state: served, message, hint } = entries.get(name) ?? {};
    const stands = standing.of(name, introduced);
    const { total = 0, added = 0, updated = 0, deleted = 0 } = report.types[name] ?? {};
    const { samples = [], takes = 0 } = differences.get(name) ?? {};
    return {
      ...{ name, key, total, samples },
      state: served === 'served' ? stands : 'unserved',
      ...(message === undefined ? {} : { message }),
      ...(hint === undefined ? {} : { hint }),
      ...{ add: added, update: updated, delete: deleted },
      takes: stands === 'new' ? takes : 0,
    };
  });
  return { mappings, left: leftOf(introduced, keys), capture };
}

function look(stores: AliasStores) {
  const source = AliasSource.open(sourceOptions(stores));
  try {
    const entries = new Map(tableStatuses(source).map((status) => [status.type, status]));
    return { entries, capture: source.captureGaps };
  } finally {
    source.close();
  }
}

const leftOf = (introduced: Mappings, keys: ReadonlyMap<string, string>): Plan['left'] =>
  Object.entries(introduced)
    .filter(([name]) => !keys.has(name))
    .map(([name, { prefix }]) => ({ name, prefix }));
