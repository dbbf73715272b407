// @ts-check
import { el, setText, theirs } from './dom.js';

/** @param {HTMLDListElement} list @param {import('./pipelines/view.js').View['figures']} figures */
export function fillFigures(list, figures) {
  const names = figures.map(({ name }) => name).join('\n');
  if (list.dataset['names'] !== names) {
    list.dataset['names'] = names;
    list.replaceChildren(
      ...figures.map(({ name }) =>
        el(
          'div',
          {},
          el('dt', {}, name),
          el('dd', {}, el('span', { class: 'number' }), el('span', { class: 'unit' })),
        ),
      ),
    );
  }
  figures.forEach(({ value, unit = '' }, index) => {
    const [number, measure] = list.children[index]?.querySelectorAll('span') ?? [];
    if (number !== undefined) setText(number, value);
    if (measure !== undefined) setText(measure, unit);
  });
}

/** @param {HTMLDListElement} list @param {import('./pipelines/view.js').View['facts']} facts */
export function fillFacts(list, facts) {
  const names = facts.map(({ name }) => name).join('\n');
  if (list.dataset['names'] !== names) {
    list.dataset['names'] = names;
    list.replaceChildren(...facts.map(({ name }) => el('div', {}, el('dt', {}, name), el('dd', {}))));
  }
  facts.forEach((fact, index) => {
    const value = list.children[index]?.querySelector('dd');
    if (value == null || value.textContent === fact.value) return;
    value.replaceChildren(fact.theirs === true ? theirs(fact.value) : fact.value);
  });
}
