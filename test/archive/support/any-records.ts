import fc from 'fast-check';
import { anyText, anyTime, pythonString } from './any-values';

/** What an application writes into a field (undefined: it leaves it out), and what has to stand in the column. */
export interface Cell {
  readonly written: string | undefined;
  readonly stored: string | number | null;
}

/** By field, in the order of the columns. */
export type Fields = Readonly<Record<string, Cell>>;

const same = (written: string): Cell => ({ written, stored: written });
const text = anyText.map(same);
const time = anyTime.map(({ written, utc }): Cell => ({ written, stored: utc }));
const timeOrNone = fc.oneof({ weight: 4, arbitrary: time }, fc.constant<Cell>({ written: '', stored: null }));

const jsonNumbers = [
  '0',
  '1',
  '1.0',
  '-0.0',
  '1e-07',
  '1E+20',
  '0.10',
  '1152921504606846977',
  '1e400',
  '123456789012345678901234567890',
];
const jsonScalar = fc.oneof(
  fc.constantFrom(...jsonNumbers, 'true', 'false', 'null', '"\\u0000"', '"\\u06cc\\ud83d\\ude00"', '"\\/"'),
  fc.tuple(anyText, fc.boolean()).map(([value, ascii]) => pythonString(value, ascii)),
);
const jsonKey = fc.oneof(
  fc.constantFrom('"a"', '"a"', '"__proto__"'),
  anyText.map((key) => pythonString(key, true)),
);
/** As json.dumps writes it, or somebody else: a name twice, spaces, line feeds. */
const jsonText = fc.oneof(
  jsonScalar,
  fc.constantFrom('{}', '[]', ' {"a" : 1 }\n'),
  fc.array(jsonScalar, { maxLength: 4 }).map((items) => `[${items.join(', ')}]`),
  fc
    .array(fc.tuple(jsonKey, jsonScalar), { maxLength: 5 })
    .map((pairs) => `{${pairs.map((pair) => pair.join(': ')).join(', ')}}`),
);
const json = jsonText.map(same);

/** As Python prints a float. */
const printed = fc.oneof(
  fc.constantFrom(
    'nan',
    'inf',
    '-inf',
    'NaN',
    'Infinity',
    '1e-05',
    '0.1',
    '1e+16',
    '5e-324',
    '1.7976931348623157e+308',
    '12',
  ),
  fc
    .double({ noDefaultInfinity: true, noNaN: true })
    .map((value) => String(value).replace(/e-(\d)$/, 'e-0$1')),
);
const numberOf = (written: string): number =>
  Number(written.replace(/^(-?)inf(inity)?$/i, '$1Infinity').replace(/^nan$/i, 'NaN'));
const measure = fc
  .oneof({ weight: 4, arbitrary: printed }, fc.constantFrom('0', '0.0', '-0.0', '0e-5'))
  .map((written): Cell => ({ written, stored: numberOf(written) === 0 ? null : numberOf(written) }));
const count = fc
  .oneof(
    fc.constantFrom('0', '150000000000', '1152921504606846977'),
    fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map(String),
  )
  .map(same);

const maybe = (cell: fc.Arbitrary<Cell>): fc.Arbitrary<Cell> =>
  fc.oneof({ weight: 9, arbitrary: cell }, fc.constant<Cell>({ written: undefined, stored: null }));
const record = (fields: Readonly<Record<string, fc.Arbitrary<Cell>>>): fc.Arbitrary<Fields> =>
  fc.record(fields);
const texts = (...names: string[]) => Object.fromEntries(names.map((name) => [name, maybe(text)]));

export const anyModel = record({
  name: text,
  ...texts('description', 'architecture', 'framework', 'task_type', 'input_shape', 'output_shape'),
  created_at: time,
  updated_at: maybe(time),
});
export const anyDataset = record({
  name: text,
  ...texts('description', 'source_path', 'format'),
  size_bytes: maybe(count),
  num_samples: maybe(count),
  split_info: maybe(json),
  preprocessing: maybe(json),
  created_at: time,
});
export const anyVersion = record({
  version: text,
  checkpoint_path: maybe(text),
  config: maybe(json),
  status: maybe(text),
  created_at: time,
});
export const anyRun = record({
  run_name: maybe(text),
  status: maybe(text),
  started_at: time,
  completed_at: maybe(timeOrNone),
  duration_seconds: maybe(measure),
  final_loss: maybe(measure),
  best_metric_value: maybe(measure),
  artifacts: maybe(json),
});
export const anyExperiment = record({
  name: text,
  ...texts('description', 'hypothesis', 'status'),
  created_at: time,
  completed_at: maybe(timeOrNone),
  results: maybe(json),
});
export const anyExprun = record(texts('variant_name', 'notes'));
export const anyPrediction = record({
  input: maybe(json),
  output: maybe(json),
  confidence: maybe(measure),
  inference_time_ms: maybe(measure),
  timestamp: time,
  metadata: maybe(json),
});
/** As Python writes them: `1e-05`, `True`, `None`. */
export const anyHyperparams = fc.dictionary(
  anyText,
  fc.oneof(anyText, fc.constantFrom('1e-05', 'True', 'None', '', '0', '0.0', '[1, 2]', 'nan')),
  { minKeys: 1, maxKeys: 4 },
);

export interface Point {
  readonly name: string;
  readonly split: string;
  readonly epoch: bigint | null;
  readonly step: bigint | null;
  /** As JSON (or Python) writes it. */
  readonly value: string;
  readonly at: { readonly written: string; readonly utc: string };
  readonly ascii: boolean;
}
const index = fc.oneof(fc.bigInt(0n, 5n), fc.constantFrom(-1n, 2n ** 60n + 1n, 2n ** 63n - 1n));
export const anyPoint: fc.Arbitrary<Point> = fc.record({
  name: anyText,
  split: anyText,
  epoch: fc.option(index),
  step: fc.option(index),
  value: fc.oneof(
    fc.constantFrom(
      'NaN',
      'Infinity',
      '-Infinity',
      '0',
      '0.0',
      '-0.0',
      '1e-07',
      '1152921504606846977',
      '1.0',
    ),
    printed.filter((value) => /^-?\d/.test(value)),
  ),
  at: anyTime,
  ascii: fc.boolean(),
});

export const memberOf = ({ name, split, epoch, step, value, at, ascii }: Point): string =>
  `{"epoch": ${epoch ?? 'null'}, "step": ${step ?? 'null'}, "metric_name": ${pythonString(name, ascii)}, ` +
  `"metric_value": ${value}, "split": ${pythonString(split, ascii)}, "timestamp": "${at.written}"}`;

export const storedPoint = ({ name, split, epoch, step, value, at }: Point): Cell['stored'][] => [
  ...[epoch, step].map((number) => (number === null ? null : String(number))),
  ...[name, numberOf(value), split, at.utc],
];
