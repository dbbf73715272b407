// @ts-check
import { createChart, timeSteps } from './chart.js';
import { button, el, setAttribute, setText } from '../dom.js';
import { createFlow } from './flow.js';
import { duration, rate } from '../format.js';
import { columns } from '../history.js';
import { fillFacts, fillFigures } from '../lists.js';
import { createMappingList } from '../mappings/mapping-list.js';
import { scrolledTable } from '../tables.js';

/**
 * The card of one pipeline.
 * @typedef {import('./view.js').View} View
 * @typedef {'pause' | 'resume' | 'reconcile'} Action
 */

/**
 * @param {object} options
 * @param {'aliases' | 'archive'} options.name
 * @param {string} options.title
 * @param {string} options.way
 * @param {(action: Action) => void} options.onAction
 */
export function createCard({ name, title, way, onAction }) {
  const badge = el('p', { class: 'badge' });
  const flow = createFlow(name);
  const lag = createChart({
    title: 'Lag',
    format: (seconds) => duration(seconds * 1_000),
    least: 0.02,
    tone: 'lag',
    incrs: timeSteps,
  });
  const throughput = createChart({ title: 'Records/s', format: rate, least: 10, tone: 'rate' });
  const figures = el('dl', { class: 'figures' });
  const facts = el('dl', { class: 'facts' });
  const mappings = createMappingList(name);
  const unserved = el('details', { class: 'more' });
  const table = el('details', { class: 'more' });
  const notice = el('div', { class: 'paused', hidden: true });
  const reconcile = button('Reconcile now', () => onAction('reconcile'));
  const pause = button('Pause…', () => onAction('pause'), { class: 'quiet' });
  const resume = button('Resume', () => onAction('resume'), { class: 'primary', hidden: true });
  const actions = el(
    'div',
    { class: 'actions', role: 'group', 'aria-label': `Actions on ${name}` },
    reconcile,
    pause,
    resume,
  );
  const absent = el(
    'p',
    { class: 'empty', hidden: true },
    `This daemon does not run ${name}: it was started with --only, or MILLRACE_ONLY.`,
  );
  const body = el(
    'div',
    { class: 'card-body', hidden: true },
    notice,
    flow.element,
    figures,
    el('div', { class: 'charts' }, lag.element, throughput.element),
    facts,
    mappings.element,
    unserved,
    table,
    actions,
  );
  const card = el(
    'section',
    { class: 'card pipeline', id: name, 'aria-labelledby': `${name}-title` },
    el(
      'header',
      {},
      el('div', {}, el('h2', { id: `${name}-title` }, title), el('p', { class: 'way' }, way)),
      badge,
    ),
    absent,
    body,
  );

  /** @param {View} view @param {boolean} allowed */
  function show(view, allowed) {
    setAttribute(badge, 'data-tone', view.tone);
    setText(badge, view.state);
    flow.show(view);
    fillFigures(figures, view.figures);
    fillFacts(facts, view.facts);
    fillTable(unserved, view.unserved);
    fillTable(table, view.table);
    notice.hidden = view.pause === null;
    if (view.pause !== null && notice.textContent !== view.pause.title + view.pause.text)
      notice.replaceChildren(el('strong', {}, view.pause.title), el('p', { dir: 'auto' }, view.pause.text));
    reconcile.disabled = !allowed || view.pause !== null || view.passing;
    pause.disabled = resume.disabled = !allowed;
    const focused = document.activeElement === pause || document.activeElement === resume;
    pause.hidden = view.pause !== null;
    resume.hidden = view.pause === null;
    // A button that goes away hands the keyboard to the one that takes its place.
    if (focused) (view.pause === null ? pause : resume).focus();
  }

  return {
    element: card,
    /** @param {View | null} view null: not run here @param {boolean} allowed */
    show: (view, allowed) => {
      absent.hidden = view !== null;
      body.hidden = view === null;
      if (view !== null) return show(view, allowed);
      setAttribute(badge, 'data-tone', 'idle');
      setText(badge, 'Not run here');
    },
    showMappings: mappings.show,
    /** @param {readonly import('../../history').Sample[]} samples @param {number} stepMs */
    draw: (samples, stepMs) => {
      lag.show(columns(samples, (sample) => sample[name].lag, stepMs));
      throughput.show(columns(samples, (sample) => sample[name].rate, stepMs));
    },
  };
}

/** @param {HTMLDetailsElement} details @param {View['table']} table */
function fillTable(details, table) {
  const text = JSON.stringify(table);
  details.hidden = table === null || table.rows.length === 0;
  if (table === null || details.dataset['shown'] === text) return;
  details.dataset['shown'] = text;
  details.replaceChildren(el('summary', {}, table.caption), scrolledTable(table));
}
