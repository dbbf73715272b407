// @ts-check
import { el, setAttribute, setText, theirs } from './dom.js';
import { ago, clock } from './format.js';
import { setTitle } from './title.js';

/** @typedef {import('./pipelines/view.js').DaemonStatus} DaemonStatus */

/**
 * What is wrong, and since when where the daemon knows. What both pipelines say is said once.
 * @param {DaemonStatus} status
 * @param {number} at
 */
function remedies({ troubles, leftOut, aliases, archive }, at) {
  /** @type {Map<string, string[]>} */
  const said = new Map();
  for (const trouble of troubles) {
    const [, name = '', what = trouble] = /^(\w+): (.*)$/s.exec(trouble) ?? [];
    said.set(what, [...(said.get(what) ?? []), name]);
  }
  const wrong = [...said].map(([what, names]) => {
    const since = [aliases, archive].flatMap((one, index) => {
      const { failure = null, failingSince = null } = one ?? {};
      const its =
        names.includes(index === 0 ? 'aliases' : 'archive') && what.startsWith(`${failure?.code}: `);
      return its && failingSince !== null ? [failingSince] : [];
    });
    return {
      what: `${names.filter((name) => name !== '').join(', ')}: ${what}`,
      since:
        since.length === 0 ? '' : `Since ${clock(Math.min(...since), at)}, ${ago(at - Math.min(...since))}`,
    };
  });
  // No trouble: it may be meant, and whoever has forgotten a setting notices.
  const without = leftOut.map(({ message, hint }) => ({ what: `${message} → ${hint}`, since: '' }));
  return [...wrong, ...without];
}

/** @param {HTMLElement} badge @param {HTMLElement} section */
export function createTroubles(badge, section) {
  let shown = '';
  return {
    /** @param {DaemonStatus} status @param {number} at */
    show: (status, at) => {
      const { level, says } = status.health.overall;
      setAttribute(badge, 'data-tone', level);
      setText(badge, says);
      setTitle({ trouble: level === 'ok' ? '' : says });
      const list = remedies(status, at);
      // "no progress for 17 s" must not be read out each second.
      const said = JSON.stringify(list.map(({ what, since }) => [what, since !== ''])).replace(/\d+/g, '0');
      section.hidden = list.length === 0;
      setAttribute(section, 'data-tone', status.troubles.length === 0 ? 'note' : undefined);
      if (said === shown) {
        const lines = section.querySelectorAll('.what bdi');
        const sinces = section.querySelectorAll('.since');
        list.forEach(({ what, since }, index) => {
          const line = lines[index];
          if (line !== undefined && line.textContent !== what) line.firstChild?.replaceWith(what);
          const when = sinces[index];
          if (when !== undefined) setText(when, since);
        });
        return;
      }
      shown = said;
      section.replaceChildren(
        el(
          'ul',
          {},
          ...list.map(({ what, since }) =>
            el('li', {}, el('p', { class: 'what' }, theirs(what)), el('p', { class: 'since' }, since)),
          ),
        ),
      );
    },
  };
}
