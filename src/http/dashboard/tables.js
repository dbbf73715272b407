// @ts-check
import { el, theirs } from './dom.js';

/**
 * A table that is scrolled where there is no room, by keyboard too.
 * @param {import('./pipelines/view.js').Table} table
 */
export const scrolledTable = ({ caption, head, rows }) =>
  el(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
    el(
      'table',
      {},
      el('thead', {}, el('tr', {}, ...head.map((name) => el('th', { scope: 'col' }, name)))),
      el('tbody', {}, ...rows.map((row) => el('tr', {}, ...row.map((cell) => el('td', {}, theirs(cell)))))),
    ),
  );
