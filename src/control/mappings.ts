import type { AliasPipeline } from '../aliases/pipeline';
import type { UnservedRow } from '../aliases/source/unserved';
import type { LetterGroup } from '../archive/letters/letter-store';
import type { ArchivePipeline } from '../archive/pipeline';
import { notRun } from '../config/left-out';
import type { Config } from '../config/load';
import { describeError } from '../foundation/errors';
import type { Metrics } from '../metrics/metrics';
import { type MappingSample, noSample } from '../mapping/sample';
import type { DaemonStatus } from './daemon-status';
import { type MappingSummary, summaryOf } from './mapping-summary';
import { mappingWords } from './mapping-words';

/** All about one mapping. It has contents: only whoever may see these gets it. */
export interface MappingPage extends MappingSummary {
  readonly text: string;
  readonly lastPass: { readonly startedAt: number; readonly ms: number } | null;
  /** Records written since this daemon began with its mappings. */
  readonly applied: { readonly add: number; readonly update: number; readonly delete: number };
  /** Of the whole pipeline, for all its mappings travel in one log. */
  readonly lag: { readonly records: number | null; readonly seconds: number | null };
  /** A few of the rows that can have no key. */
  readonly unserved: readonly UnservedRow[];
  readonly letters: readonly LetterGroup[];
  readonly sample: MappingSample;
}

export interface MappingsOptions {
  readonly config: Config;
  readonly metrics: Metrics;
  readonly status: () => DaemonStatus;
  /** undefined: not run here. */
  readonly aliases: AliasPipeline | undefined;
  readonly archive: ArchivePipeline | undefined;
}

export type Mappings = ReturnType<typeof createMappings>;

/** A store that hangs must not hang who looks. */
const patienceMs = 3_000;

/** What the mappings of a running daemon are, and how each does. Reads only. */
export function createMappings({ config, metrics, status, aliases, archive }: MappingsOptions) {
  const words = mappingWords(config);
  /** The samples under way: however often somebody asks, a store is asked once at a time. */
  const looking = new Map<string, Promise<MappingSample>>();
  const sample = (name: string, look: (name: string) => Promise<MappingSample>) => {
    const asked = looking.get(name) ?? look(name).finally(() => looking.delete(name));
    looking.set(name, asked);
    return soon(asked, noSample('the stores have not answered yet: look again')).catch((error: unknown) =>
      noSample(describeError(error).message),
    );
  };
  let counting: Promise<readonly LetterGroup[]> | undefined;
  const letters = (): Promise<readonly LetterGroup[] | null> => {
    if (archive === undefined) return Promise.resolve([]);
    counting ??= archive.deadLetters.groups().finally(() => (counting = undefined));
    return soon(counting, null).catch(() => null);
  };
  return {
    /** The names of all mappings, of pipelines that are not run here, too. */
    names: words.map(({ name }) => name),
    /** Those of the pipelines that are run here. */
    list: async (): Promise<readonly MappingSummary[]> => {
      const groups = await letters();
      const now = status();
      return words
        .filter(({ pipeline }) => now[pipeline] !== null)
        .map((one) => summaryOf(one, { config, status: now, groups }));
    },
    /** undefined: there is no such mapping. @throws E_NOT_RUN (fatal) when its pipeline is not run here */
    page: async (name: string): Promise<MappingPage | undefined> => {
      const found = words.find((one) => one.name === name);
      if (found === undefined) return undefined;
      const { pipeline, text } = found;
      const look = { aliases, archive }[pipeline]?.sample;
      if (look === undefined) throw notRun('daemon', pipeline, config.leftOut);
      const [groups, shown, applied] = await Promise.all([
        letters(),
        sample(name, look),
        metrics.applied.get(),
      ]);
      const now = status();
      const its = now[pipeline];
      const written = (op: string) =>
        applied.values.find(
          ({ labels }) => labels.pipeline === pipeline && labels.kind === name && labels.op === op,
        )?.value ?? 0;
      return {
        ...summaryOf(found, { config, status: now, groups }),
        text: text(),
        lastPass: its?.lastPass ? { startedAt: its.lastPass.startedAt, ms: its.lastPass.ms } : null,
        applied: { add: written('add'), update: written('update'), delete: written('delete') },
        lag: { records: its?.lagRecords ?? null, seconds: its?.lagSeconds ?? null },
        unserved: now.aliases?.unserved.filter(({ type }) => type === name) ?? [],
        letters: groups?.filter(({ kind }) => kind === name) ?? [],
        sample: shown,
      };
    },
  };
}

/** What it resolves with, or after too long something else. */
async function soon<T, E>(asked: Promise<T>, otherwise: E): Promise<T | E> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<E>((resolve) => {
    timer = setTimeout(resolve, patienceMs, otherwise).unref();
  });
  asked.catch(() => undefined); // thrown where it is awaited, if it is in time
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}
