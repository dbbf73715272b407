// @ts-check
import { el } from './dom.js';
import { count } from './format.js';

/** What parked records can be filtered by, with how many there are. */

/** @param {import('../api-letters').LettersAnswer['groups']} groups @param {'kind' | 'code'} by */
export function tally(groups, by) {
  /** @type {Map<string, number>} */
  const sums = new Map();
  for (const group of groups) sums.set(group[by], (sums.get(group[by]) ?? 0) + group.count);
  return sums;
}

/** @param {HTMLSelectElement} select @param {string} all @param {ReadonlyMap<string, number>} sums */
export function options(select, all, sums) {
  const chosen = select.value;
  // What was chosen stays to be chosen, even when none is left of it.
  const named = chosen === '' || sums.has(chosen) ? sums : new Map([...sums, [chosen, 0]]);
  const text = JSON.stringify([...named]);
  if (select.dataset['options'] === text) return;
  select.dataset['options'] = text;
  select.replaceChildren(
    el('option', { value: '' }, all),
    ...[...named].map(([name, number]) =>
      el('option', { value: name, selected: name === chosen }, `${name} (${count(number)})`),
    ),
  );
}

/** Chooses what need not be among the options yet. @param {HTMLSelectElement} select @param {string} name */
export function choose(select, name) {
  if (![...select.options].some(({ value }) => value === name))
    select.append(el('option', { value: name }, name));
  select.value = name;
}
