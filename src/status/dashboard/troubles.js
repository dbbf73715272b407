// @ts-check
import { el, setAttribute, setText, theirs } from './dom.js';

/** @typedef {import('./view.js').DaemonStatus} DaemonStatus */

/**
 * What is wrong, each with what to do about it where the daemon knows.
 * @param {DaemonStatus} status
 */
export const remedies = ({ troubles, aliases, archive }) =>
  [...new Set(troubles)].map((what) => {
    const failure = [aliases?.failure, archive?.failure].find(
      (one) => one != null && what.startsWith(one.code),
    );
    return { what, hint: failure?.hint };
  });

/** @param {HTMLElement} badge @param {HTMLElement} section */
export function createTroubles(badge, section) {
  let shown = '';
  return {
    /** @param {DaemonStatus} status */
    show: (status) => {
      const { level, says } = status.health.overall;
      setAttribute(badge, 'data-tone', level);
      setText(badge, says);
      document.title = `${level === 'ok' ? '' : `${says} · `}Millrace`;
      const list = remedies(status);
      // "no progress for 17 s" must not be read out each second.
      const said = JSON.stringify(list).replace(/\d+/g, '0');
      section.hidden = list.length === 0;
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
