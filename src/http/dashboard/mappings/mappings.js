// @ts-check
import { get } from '../api.js';
import { place } from '../dom.js';
import { setTitle } from '../title.js';
import { createMapping } from './mapping.js';
import { hrefOf, routeOf } from './route.js';

/**
 * The lists of mappings on the cards, and which page is shown: the overview, or that of one mapping.
 * @typedef {{ showMappings: (mappings: readonly import('./view-mapping.js').Summary[]) => void }} Lists
 */

/**
 * @param {object} options
 * @param {Readonly<Record<'aliases' | 'archive', Lists>>} options.cards
 * @param {(kind: string) => void} options.onLetters the parked records of one kind are asked for
 */
export function createMappings({ cards, onLetters }) {
  const mapping = createMapping(place('mapping'));
  /** What the lists were made from. */
  let listedFor = '';
  /** The mapping that is shown. */
  let opened = '';

  function goTo() {
    const route = routeOf(location.hash);
    if (route === undefined) return;
    const name = route.page === 'mapping' ? route.name : '';
    place('overview').hidden = name !== '';
    setTitle({ mapping: name });
    if (name === '') mapping.close();
    else mapping.open(name);
    if (route.page === 'letters') onLetters(route.kind);
    else if (name === '' && opened !== '') refocus(opened);
    opened = name;
  }

  return {
    start: () => {
      addEventListener('hashchange', goTo);
      goTo();
    },
    /**
     * They change with the daemon, and what is said of them with each pass and parked record.
     * @param {import('../pipelines/view.js').DaemonStatus} status
     */
    list: async ({ startedAt, aliases, archive }) => {
      const tables = aliases?.tables.map(({ state }) => state);
      const records = [
        archive?.lastPass?.startedAt,
        archive?.deadLetters,
        archive?.stopped,
        archive?.refusals,
      ];
      const key = JSON.stringify([startedAt, aliases?.lastPass?.startedAt, tables, records]);
      if (key === listedFor) return;
      listedFor = key;
      try {
        /** @type {import('../../api-mappings').MappingsAnswer} */
        const { mappings } = await get('api/mappings');
        for (const name of /** @type {const} */ (['aliases', 'archive']))
          cards[name].showMappings(mappings.filter(({ pipeline }) => pipeline === name));
      } catch {
        listedFor = ''; // asked again with the next state
      }
    },
    /** It was connected anew: all that is shown may be old. */
    again: () => {
      listedFor = '';
      mapping.again();
    },
  };
}

/** Back from a mapping, the keyboard is where it was. @param {string} name */
function refocus(name) {
  const link = document.querySelector(`a[href="${CSS.escape(hrefOf(name))}"]`);
  if (link instanceof HTMLElement) link.focus();
}
