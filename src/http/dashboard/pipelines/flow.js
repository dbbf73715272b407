// @ts-check
import { el, setAttribute, setText, svg, theirs } from '../dom.js';

/**
 * The way of a change, source -> log -> target, and the full pass around it. Drawn in real pixels for the width there is:
 * side by side, or one below the other on a phone.
 * @typedef {Pick<import('./view.js').View, 'stops' | 'steps' | 'flowing' | 'passing' | 'pass'>} FlowView
 */

const narrow = 440;
const height = 72;

/** Where everything goes. @param {number} width */
function plan(width) {
  if (width < narrow) {
    const gap = 34;
    const boxWidth = width - 36;
    const y = (/** @type {number} */ index) => index * (height + gap);
    const middle = boxWidth / 2;
    const right = width - 12;
    return {
      height: y(2) + height + 2,
      box: (/** @type {number} */ index) => ({ x: 1, y: y(index) + 1, width: boxWidth, height }),
      arrow: (/** @type {number} */ index) => `M${middle} ${y(index) + height + 4}V${y(index + 1) - 3}`,
      step: (/** @type {number} */ index) => ({
        x: middle + 10,
        y: y(index) + height + 21,
        'text-anchor': 'start',
      }),
      pass: `M${boxWidth + 4} ${y(2) + height / 2}H${right - 10}q10 0 10 -10V${height / 2 + 10}q0 -10 -10 -10H${boxWidth + 7}`,
      label: { x: 0, y: 0, transform: `translate(${right - 6} ${y(1) + height / 2}) rotate(90)` },
    };
  }
  const gap = Math.max(62, width * 0.11);
  const boxWidth = (width - 2 * gap - 2) / 3;
  const x = (/** @type {number} */ index) => 1 + index * (boxWidth + gap);
  const below = height + 34;
  return {
    height: below + 10,
    box: (/** @type {number} */ index) => ({ x: x(index), y: 1, width: boxWidth, height }),
    arrow: (/** @type {number} */ index) => `M${x(index) + boxWidth + 4} ${height / 2}H${x(index + 1) - 5}`,
    step: (/** @type {number} */ index) => ({
      x: x(index) + boxWidth + gap / 2,
      y: height / 2 - 9,
      'text-anchor': 'middle',
    }),
    pass: `M${x(2) + boxWidth / 2} ${height + 4}V${below - 10}q0 10 -10 10H${x(0) + boxWidth / 2 + 10}q-10 0 -10 -10V${height + 7}`,
    label: { x: width / 2, y: below + 4 },
  };
}

/** @param {string} id names the drawing's parts in the page */
export function createFlow(id) {
  const drawing = svg('svg', { class: 'flow', role: 'img' });
  const frame = el('div', { class: 'flow-frame' }, drawing);
  /** @type {FlowView | undefined} */
  let view;
  let width = 0;
  /** @type {{ rects: SVGRectElement[], names: HTMLElement[], facts: HTMLElement[], pass: SVGTextElement } | undefined} */
  let parts;

  function draw(/** @type {FlowView} */ { stops, steps }) {
    const at = plan(width);
    const rects = stops.map((_stop, index) => svg('rect', { class: 'flow-box', rx: 10, ...at.box(index) }));
    const names = stops.map(({ name }) => el('span', { class: 'flow-name', title: name }));
    const facts = stops.map(() => el('span', { class: 'flow-fact' }));
    const boxes = stops.flatMap(({ title }, index) => [
      ...pick(rects, index),
      svg(
        'foreignObject',
        at.box(index),
        el(
          'div',
          { class: 'flow-text' },
          el('span', { class: 'flow-title' }, title),
          ...pick(names, index),
          ...pick(facts, index),
        ),
      ),
    ]);
    const arrows = steps.flatMap((step, index) => [
      svg('path', { class: 'flow-arrow', d: at.arrow(index), 'marker-end': `url(#${id}-head)` }),
      svg('path', { class: 'flow-current', d: at.arrow(index) }),
      svg('text', { class: 'flow-step', ...at.step(index) }, step),
    ]);
    const pass = svg('text', { class: 'flow-pass-label', 'text-anchor': 'middle', ...at.label });
    setAttribute(drawing, 'width', String(width));
    setAttribute(drawing, 'height', String(at.height));
    drawing.replaceChildren(
      svg(
        'defs',
        {},
        svg(
          'marker',
          {
            id: `${id}-head`,
            viewBox: '0 0 8 8',
            refX: 6,
            refY: 4,
            markerWidth: 7,
            markerHeight: 7,
            orient: 'auto',
          },
          svg('path', { class: 'flow-head', d: 'M0 0.5L7 4L0 7.5z' }),
        ),
      ),
      svg('path', { class: 'flow-pass', d: at.pass, 'marker-end': `url(#${id}-head)` }),
      ...arrows,
      ...boxes,
      pass,
    );
    parts = { rects, names, facts, pass };
  }

  function fill() {
    if (view === undefined || width === 0) return;
    if (parts === undefined) draw(view);
    view.stops.forEach(({ name, fact, away }, index) => {
      for (const element of pick(parts?.rects ?? [], index))
        setAttribute(element, 'data-tone', away ? 'bad' : undefined);
      for (const element of pick(parts?.names ?? [], index)) {
        if (element.textContent !== name) element.replaceChildren(theirs(name));
      }
      for (const element of pick(parts?.facts ?? [], index)) setText(element, fact);
    });
    if (parts !== undefined) setText(parts.pass, view.pass);
    setAttribute(drawing, 'data-flowing', String(view.flowing));
    setAttribute(drawing, 'data-passing', String(view.passing));
    const way = view.stops.map(
      ({ title, name, fact, away }) =>
        `${title} ${name}${away ? ', away' : ''}${fact === '' ? '' : `, ${fact}`}`,
    );
    setAttribute(drawing, 'aria-label', `${way.join(' to ')}; ${view.pass}`);
  }

  new ResizeObserver(([entry]) => {
    const now = Math.floor(entry?.contentRect.width ?? 0);
    if (now === width || now === 0) return;
    width = now;
    parts = undefined;
    fill();
  }).observe(frame);

  return {
    element: frame,
    /** @param {FlowView} next */
    show: (next) => {
      view = next;
      fill();
    },
  };
}

/**
 * @template T
 * @param {readonly T[]} list
 * @param {number} index
 * @returns {T[]} the one, or none
 */
const pick = (list, index) => list.slice(index, index + 1);
