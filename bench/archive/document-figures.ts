import { type Comparison, count, type Figure } from '../figure';

/** Milliseconds, a value for each round. */
export interface Times {
  readonly functions: number[];
  readonly mirror: number[];
  readonly pass: number[];
  /** The document's algorithm with as many predictions. */
  readonly document: number[];
  /** COPY of as many. */
  readonly copy: number[];
  readonly models: Map<number, { readonly millrace: number[]; readonly document: number[] }>;
}

/** The table of the document, milliseconds. */
const documentModels: Readonly<Record<number, number>> = { 10: 500, 100: 2_500, 1_000: 15_000 };
const documentPredictions: Readonly<Record<number, number>> = { 10_000: 30_000 };

const algorithm =
  'Beside it its algorithm measured here in another database of the server with the same schema: HGETALL, one SELECT for ' +
  'existence, one INSERT and commit for each record, each awaited.';
const paused =
  'The daemon has been running and was in step; it is paused (SIGSTOP) while they are written, so that writing is not in the ' +
  'figure: from when it goes on, before its first read, until another connection sees the last of them committed.';

export function documentFigures(
  { functions, mirror, pass, document, copy, models }: Times,
  modelSizes: readonly number[],
  predictions: number,
): readonly Figure[] {
  const beside = (
    quotedMs: number | undefined,
    measured: readonly number[],
    bars: readonly [quoted?: number, measured?: number] = [],
  ): readonly Comparison[] => [
    ...(quotedMs === undefined
      ? []
      : [
          {
            name: 'the document',
            kind: 'rival',
            quoted: true,
            rounds: [quotedMs],
            factor: bars[0],
          } as const,
        ]),
    { name: 'its algorithm, here', kind: 'rival', rounds: measured, factor: bars[1] },
  ];
  const wanted = count(predictions);
  const quotedPredictions = documentPredictions[predictions];
  const ofModels = modelSizes.map((size, index): Figure => {
    const { millrace, document: rival } = models.get(size) ?? { millrace: [], document: [] };
    const large = size === 1_000;
    return {
      name: `${count(size)} models`,
      covers: index === 0 ? `written by the function library. ${paused} ${algorithm}` : 'the same.',
      unit: 'ms',
      rounds: millrace,
      ...(large ? { atMost: 50 } : {}),
      comparisons: beside(documentModels[size], rival, large ? [100] : []),
    };
  });
  return [
    ...ofModels,
    {
      name: `${wanted} predictions, function library`,
      covers:
        'the same, in bulk. Beside it how long so many take at the rate of one COPY from memory of all that is in the table, in one transaction.',
      unit: 'ms',
      rounds: functions,
      comparisons: [
        { name: 'COPY of them', kind: 'limit', rounds: copy, factor: 0.75 },
        ...beside(quotedPredictions, document, [120, 50]),
      ],
    },
    {
      name: `${wanted} predictions, mirror`,
      covers:
        'the same, but INCR, HSET, ZADD by a writer that knows nothing of Millrace; Redis keeps the notifications meanwhile.',
      unit: 'ms',
      rounds: mirror,
      atMost: 130,
      comparisons: beside(quotedPredictions, document),
    },
    {
      name: `${wanted} predictions, full pass alone`,
      covers:
        'MIRROR=off and plain writers: nobody tells the daemon. From when the pass is due to its end, as the daemon logs it ' +
        '(pass.done); every record is compared, read, written. A pass into the empty table comes before, uncounted.',
      unit: 'ms',
      rounds: pass,
      atMost: 130,
      comparisons: beside(quotedPredictions, document),
    },
  ];
}
