import { type Figure, format, judge, type Unit } from './figure';

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
}

/** The figures that stand beside others, as bars: each group has a scale of its own, so lengths compare within it only. */
export function renderChart(title: string, figures: readonly Figure[]): string {
  const parts: string[] = [];
  let y = 60;
  for (const figure of figures.filter(({ comparisons }) => comparisons.length > 0)) {
    parts.push(text(10, y, figure.name, 'font-weight="600"'));
    y += lineHeight - 2;
    const bars = barsOf(figure);
    const longest = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
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
  };
  return [
    own,
    ...comparisons.map(({ name, kind }, index): Bar => {
      const against = judgements[index]?.against;
      const ratio = format(against?.ratio ?? NaN, '×');
      const note = `${ratio} ${notes[kind]}`;
      return { label: name, value: against?.value ?? 0, unit, colour: colours[kind], note };
    }),
  ];
}

function renderBar({ label, value, unit, colour, note }: Bar, y: number, longest: number): readonly string[] {
  // One that is too short to be seen would look forgotten.
  const length = Math.max(1, (value / longest) * barWidth);
  const baseline = y + barHeight - 3;
  return [
    text(labelWidth, baseline, label, 'text-anchor="end"'),
    `<rect x="${barLeft}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" fill="${colour}"/>`,
    text(Math.round(barLeft + length + 6), baseline, `${format(value, unit)} (${note})`, ''),
  ];
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

const text = (x: number, y: number, content: string, attributes: string): string =>
  `<text x="${x}" y="${y}" ${attributes}>${content.replace(/[&<>]/g, (found) => escapes[found] ?? '')}</text>`;
