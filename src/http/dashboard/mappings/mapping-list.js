// @ts-check
import { el, theirs } from '../dom.js';
import { hrefOf } from './route.js';
import { lineOf } from './view-mapping.js';

/**
 * The mappings of one pipeline, each a link to its page.
 * @param {string} pipeline
 */
export function createMappingList(pipeline) {
  const list = el('ul');
  const title = `${pipeline}-mappings`;
  const element = el(
    'nav',
    { class: 'mappings', 'aria-labelledby': title, hidden: true },
    el('h3', { id: title }, 'Mappings'),
    list,
  );
  return {
    element,
    /** @param {readonly import('./view-mapping.js').Summary[]} mappings */
    show: (mappings) => {
      const lines = mappings.map((mapping) => ({ name: mapping.name, ...lineOf(mapping) }));
      const text = JSON.stringify(lines);
      element.hidden = lines.length === 0;
      if (element.dataset['shown'] === text) return;
      element.dataset['shown'] = text;
      // The keyboard stays on the link it was on.
      const focused = list.contains(document.activeElement) ? document.activeElement?.textContent : undefined;
      list.replaceChildren(
        ...lines.map(({ name, tone, says }) =>
          el(
            'li',
            {},
            el('a', { href: hrefOf(name) }, theirs(name)),
            ...(says === '' ? [] : [' ', el('span', { class: 'line', 'data-tone': tone }, says)]),
          ),
        ),
      );
      [...list.querySelectorAll('a')].find((link) => link.textContent === focused)?.focus();
    },
  };
}
