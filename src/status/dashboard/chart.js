// @ts-check
import { el, setText } from './dom.js';
import { clock, hourAndMinute } from './format.js';

/**
 * One line over the last hour. The caption tells what it comes to, for those who do not see it, and what is under the pointer.
 * @typedef {import('uplot')} Plot
 * @typedef {{ title: string, format: (value: number) => string, least: number, tone: string }} ChartOptions `least`: the top of a
 *   scale on which nothing happens; `tone`: the CSS colour's name
 */

const uPlot = /** @type {typeof import('uplot') | undefined} */ (Reflect.get(globalThis, 'uPlot'));
const hour = 3_600;
const height = 108;

/** @param {ChartOptions} options */
export function createChart({ title, format, least, tone }) {
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
      font: `11px ${style.fontFamily}`,
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
          { ...axis, size: 54, space: 30, values: (_plot, values) => values.map(format) },
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
