// @ts-check
import { el, setAttribute, setText, theirs } from './dom.js';
import { counted } from './format.js';

/** @typedef {import('./view.js').DaemonStatus} DaemonStatus */

/**
 * The whole in a word.
 * @param {DaemonStatus} status
 * @returns {{ tone: import('./view.js').Tone, text: string }}
 */
export function overall({ troubles, aliases, archive }) {
  // A store that is gone is the trouble of both pipelines, and one.
  if (troubles.length > 0) return { tone: 'bad', text: counted(new Set(troubles).size, 'trouble') };
  if (aliases?.paused != null || archive?.paused != null) return { tone: 'paused', text: 'Paused' };
  return { tone: 'ok', text: 'In order' };
}

/**
 * What is wrong, each with what to do about it where the daemon knows.
 * @param {DaemonStatus} status
 */
export const remedies = ({ troubles, leftOut, aliases, archive }) => [
  ...[...new Set(troubles)].map((what) => {
    const failure = [aliases?.failure, archive?.failure].find(
      (one) => one != null && what.startsWith(one.code),
    );
    return { what, hint: failure?.hint };
  }),
  // No trouble: it may be meant, and whoever has forgotten a setting notices.
  ...leftOut.map(({ message, hint }) => ({ what: message, hint })),
];

/** @param {HTMLElement} badge @param {HTMLElement} section */
export function createTroubles(badge, section) {
  let shown = '';
  return {
    /** @param {DaemonStatus} status */
    show: (status) => {
      const { tone, text } = overall(status);
      setAttribute(badge, 'data-tone', tone);
      setText(badge, text);
      document.title = `${tone === 'ok' ? '' : `${text} · `}Millrace`;
      const list = remedies(status);
      // "no progress for 17 s" must not be read out each second.
      const said = JSON.stringify(list).replace(/\d+/g, '0');
      section.hidden = list.length === 0;
      setAttribute(section, 'data-tone', status.troubles.length === 0 ? 'note' : undefined);
      if (said === shown) {
        const lines = section.querySelectorAll('.what bdi');
        list.forEach(({ what }, index) => {
          const line = lines[index];
          if (line !== undefined && line.textContent !== what) line.firstChild?.replaceWith(what);
        });
        return;
      }
      shown = said;
      section.replaceChildren(
        el(
          'ul',
          {},
          ...list.map(({ what, hint }) =>
            el(
              'li',
              {},
              el('p', { class: 'what' }, theirs(what)),
              ...(hint === undefined ? [] : [el('p', { dir: 'auto' }, hint)]),
            ),
          ),
        ),
      );
    },
  };
}
