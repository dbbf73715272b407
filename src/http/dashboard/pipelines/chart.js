// @ts-check
import { el, setText } from '../dom.js';
import { clock, hourAndMinute } from '../format.js';

/**
 * One line over the last hour. The caption tells what it comes to, for those who do not see it, and what is under the pointer.
 * @typedef {import('uplot')} Plot
 * @typedef {{ title: string, format: (value: number) => string, least: number, tone: string, incrs?: readonly number[] }} ChartOptions
 *   `least`: the top of a scale on which nothing happens; `tone`: the CSS colour's name; `incrs`: what lies between two labels, the
 *   usual decimals unless given
 */

const uPlot = /** @type {typeof import('uplot') | undefined} */ (Reflect.get(globalThis, 'uPlot'));
const hour = 3_600;
const height = 108;
const labelSize = 11;
/** Of the labels at the side: the least, and what stands between them and the plot. */
const leastRoom = 40;
const besideLabel = 14;

/** Between the labels of a scale of times, in seconds: those that people count by. */
export const timeSteps = [
  ...[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60),
  ...[1, 2, 3, 6, 12].map((hours) => hours * 3_600),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((days) => days * 86_400),
];

/** @param {ChartOptions} options */
export function createChart({ title, format, least, tone, incrs }) {
  const told = el('span', { class: 'chart-value' });
  const canvas = el('div', { class: 'chart-canvas', 'aria-hidden': 'true' });
  const figure = el(
    'figure',
    { class: 'chart' },
    el('figcaption', {}, el('span', { class: 'chart-title' }, title), told),
    canvas,
  );
  /** @type {[number[], (number | null)[]]} */
  let data = [[], []];
  /** @type {Plot | undefined} */
  let plot;

  function summary() {
    const values = data[1].filter((value) => value !== null);
    const last = values.at(-1);
    return last === undefined ? 'nothing yet' : `now ${format(last)}, peak ${format(Math.max(...values))}`;
  }

  const steps = incrs === undefined ? {} : { incrs: [...incrs] };

  /**
   * Room for the longest label there is: "16 min" is wider than "20 s", and "1,000,000" than both.
   * @param {Plot} plot @param {readonly string[] | null} labels none yet, when it is first asked for
   */
  function widest(plot, labels) {
    const font = plot.ctx.font;
    plot.ctx.font = `${labelSize}px ${getComputedStyle(figure).fontFamily}`;
    const width = Math.max(0, ...(labels ?? []).map((label) => plot.ctx.measureText(label).width));
    plot.ctx.font = font;
    return Math.max(leastRoom, Math.ceil(width) + besideLabel);
  }

  function pointed(/** @type {Plot} */ { cursor }) {
    const at = data[0][cursor.idx ?? -1];
    const value = data[1][cursor.idx ?? -1];
    setText(told, at === undefined || value == null ? summary() : `${clock(at * 1_000)}: ${format(value)}`);
  }

  function draw() {
    plot?.destroy();
    plot = undefined;
    const width = Math.floor(canvas.clientWidth);
    if (uPlot === undefined || width === 0) return;
    const style = getComputedStyle(figure);
    const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
    const axis = {
      stroke: colour('--muted'),
      grid: { stroke: colour('--line'), width: 1 },
      ticks: { show: false },
      font: `${labelSize}px ${style.fontFamily}`,
    };
    plot = new uPlot(
      {
        width,
        height,
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
        scales: {
          x: { range: () => [end() - hour, end()] },
          y: { range: (_plot, _low, high) => [0, Math.max(least, high * 1.15)] },
        },
        axes: [
          {
            ...axis,
            grid: { show: false },
            size: 22,
            space: 64,
            values: (_plot, times) => times.map((at) => hourAndMinute(at * 1_000)),
          },
          { ...axis, size: widest, space: 30, values: (_plot, values) => values.map(format), ...steps },
        ],
        series: [
          {},
          {
            stroke: colour(`--${tone}`),
            fill: colour(`--${tone}-soft`),
            width: 1.5,
            points: { show: false },
            spanGaps: false,
          },
        ],
        hooks: { setCursor: [pointed] },
      },
      /** @type {any} */ (data),
      canvas,
    );
  }

  const end = () => data[0].at(-1) ?? Date.now() / 1_000;
  let width = 0;
  new ResizeObserver(() => {
    if (canvas.clientWidth === width) return;
    width = canvas.clientWidth;
    draw();
  }).observe(canvas);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  setText(told, summary());

  return {
    element: figure,
    /** @param {[number[], (number | null)[]]} next */
    show: (next) => {
      data = next;
      if (plot === undefined) draw();
      else plot.setData(/** @type {any} */ (data));
      if (plot === undefined || plot.cursor.idx == null) setText(told, summary());
    },
  };
}
