import { type Figure, format, judge, type Unit } from './figure';
import { escape } from './markup';
import { median } from './median';

const width = 900;
const labelWidth = 330;
const barLeft = labelWidth + 10;
const barWidth = 330;
const barHeight = 14;
const lineHeight = 20;
const gap = 14;
const colours = { own: '#2563eb', rival: '#9ca3af', floor: '#d1d5db', limit: '#d1d5db' };
const notes = { rival: 'better than this', floor: 'this', limit: 'as fast as this' };

interface Bar {
  readonly label: string;
  readonly value: number;
  readonly unit: Unit;
  readonly colour: string;
  readonly note: string;
  readonly rounds: readonly number[];
  /** Where it is to be, by the bars that are set; in its own unit. */
  readonly marks?: readonly number[];
}

/**
 * The figures that stand beside others or have a bar set, as bars: each group has a scale of its own, so lengths compare within it only. A thin line goes
 * from the least to the most of the rounds, a mark stands where the bar is.
 */
export function renderChart(title: string, figures: readonly Figure[]): string {
  const parts: string[] = [];
  let y = 60;
  for (const figure of figures.filter((one) => one.comparisons.length > 0 || marksOf(one).length > 0)) {
    parts.push(text(10, y, figure.name, 'font-weight="600"'));
    y += lineHeight - 2;
    const bars = barsOf(figure);
    const longest = Math.max(
      ...bars.flatMap(({ rounds, marks = [] }) => [...rounds, ...marks]),
      Number.MIN_VALUE,
    );
    for (const bar of bars) {
      parts.push(...renderBar(bar, y, longest));
      y += lineHeight;
    }
    y += gap;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" viewBox="0 0 ${width} ${y}" font-family="system-ui, sans-serif" font-size="12" fill="#111827">`,
    `<rect width="${width}" height="${y}" fill="#ffffff"/>`,
    text(10, 26, title, 'font-size="16" font-weight="600"'),
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function barsOf(figure: Figure): readonly Bar[] {
  const { unit, comparisons } = figure;
  const judgements = judge(figure);
  const own: Bar = {
    label: 'Millrace',
    value: judgements[0]?.value ?? 0,
    unit,
    colour: colours.own,
    note: unit === '/s' ? 'longer is better' : 'shorter is better',
    rounds: figure.rounds,
    marks: marksOf(figure),
  };
  return [
    own,
    ...comparisons.map(({ name, kind, rounds }, index): Bar => {
      const against = judgements[index]?.against;
      const ratio = format(against?.ratio ?? NaN, '×');
      const note = `${ratio} ${notes[kind]}`;
      return { label: name, value: against?.value ?? 0, unit, colour: colours[kind], note, rounds };
    }),
  ];
}

/** Where the figure's own value has to be for each bar that is set. */
function marksOf({ atMost, atLeast, unit, comparisons }: Figure): readonly number[] {
  const marks = [atMost, atLeast].filter((mark) => mark !== undefined);
  for (const { kind, factor, rounds } of comparisons) {
    if (factor === undefined) continue;
    const speedUp = kind === 'floor' ? 1 / factor : factor;
    marks.push(unit === '/s' ? median(rounds) * speedUp : median(rounds) / speedUp);
  }
  return marks;
}

function renderBar(bar: Bar, y: number, longest: number): readonly string[] {
  const { label, value, unit, colour, note, rounds, marks = [] } = bar;
  const lengthOf = (some: number) => (some / longest) * barWidth;
  // One that is too short to be seen would look forgotten.
  const length = Math.max(1, lengthOf(value));
  const furthest = Math.max(length, ...[...rounds, ...marks].map(lengthOf));
  const baseline = y + barHeight - 3;
  const middle = y + barHeight / 2;
  const at = (some: number) => (barLeft + lengthOf(some)).toFixed(1);
  return [
    text(labelWidth, baseline, label, 'text-anchor="end"'),
    `<rect x="${barLeft}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" fill="${colour}"/>`,
    line([at(Math.min(...rounds)), middle], [at(Math.max(...rounds)), middle], 1),
    ...marks.map((mark) => line([at(mark), y - 2], [at(mark), y + barHeight + 2], 2)),
    text(Math.round(barLeft + furthest + 6), baseline, `${format(value, unit)} (${note})`, ''),
  ];
}

type Point = readonly [x: string, y: number];

const line = ([x1, y1]: Point, [x2, y2]: Point, width: number): string =>
  `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#111827" stroke-width="${width}"/>`;

const text = (x: number, y: number, content: string, attributes: string): string =>
  `<text x="${x}" y="${y}" ${attributes}>${escape(content)}</text>`;
