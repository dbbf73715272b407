// @ts-check
import { explain, get } from '../api.js';
import { button, el, sentence, setAttribute, setText, theirs } from '../dom.js';
import { fillFacts, fillFigures } from '../lists.js';
import { lettersOf, overview } from './route.js';
import { scrolledTable } from '../tables.js';
import { viewOfMapping } from './view-mapping.js';

/**
 * The page of one mapping. It is read when it is opened, and when somebody asks: to look at the stores costs them something.
 * @param {HTMLElement} section
 */
export function createMapping(section) {
  const title = el('h2', { id: 'mapping-title', tabindex: -1 });
  const way = el('p', { class: 'way' });
  const badge = el('p', { class: 'badge' });
  const problem = el('p', { class: 'problem', role: 'alert' });
  const notice = el('p', { class: 'notice', dir: 'auto' });
  const figures = el('dl', { class: 'figures' });
  const facts = el('dl', { class: 'facts' });
  const text = el('pre', { class: 'words', tabindex: 0, role: 'region', 'aria-label': 'What it maps' });
  const sample = el('div', { class: 'sample more' });
  const note = el('p', { class: 'small', 'aria-live': 'polite' });
  const unserved = el('div', { class: 'more' });
  const letters = el('p');
  const again = button('Look again', () => void load());
  const body = el(
    'div',
    { class: 'card-body', hidden: true },
    notice,
    figures,
    facts,
    part('What it maps', text),
    part('A few keys, on both sides', sample, note, el('div', { class: 'actions' }, again)),
    unserved,
    letters,
  );
  section.append(
    el('p', { class: 'back' }, el('a', { href: overview }, 'All mappings')),
    el('header', {}, el('div', {}, title, way), badge),
    problem,
    body,
  );
  let wanted = '';

  async function load() {
    const name = wanted;
    again.disabled = true;
    try {
      /** @type {import('../../api-mappings').MappingAnswer} */
      const { at, mapping } = await get(`api/mappings/${encodeURIComponent(name)}`);
      if (name === wanted) show(mapping, at);
    } catch (error) {
      if (name === wanted) setText(problem, `The mapping cannot be shown: ${explain(error)}`);
    } finally {
      again.disabled = false;
    }
  }

  /** @param {import('./view-mapping.js').Mapping} mapping @param {number} at */
  function show(mapping, at) {
    const view = viewOfMapping(mapping, at);
    setText(problem, '');
    setText(way, view.way);
    setAttribute(badge, 'data-tone', view.tone);
    setText(badge, view.state);
    badge.hidden = body.hidden = false;
    notice.hidden = view.notice === '';
    notice.replaceChildren(...sentence(view.notice));
    fillFigures(figures, view.figures);
    fillFacts(facts, view.facts);
    setText(text, mapping.text);
    sample.replaceChildren(...(view.sample.rows.length === 0 ? [] : [scrolledTable(view.sample)]));
    setText(note, view.note);
    unserved.hidden = view.unserved === null;
    if (view.unserved !== null)
      unserved.replaceChildren(el('h3', {}, view.unserved.caption), scrolledTable(view.unserved));
    letters.hidden = view.letters === null;
    letters.replaceChildren(el('a', { href: lettersOf(mapping.name) }, view.letters ?? ''));
  }

  return {
    /** @param {string} name */
    open: (name) => {
      section.hidden = false;
      if (name !== wanted) {
        wanted = name;
        title.replaceChildren(theirs(name));
        setText(problem, '');
        setText(way, '');
        badge.hidden = body.hidden = true;
      }
      title.focus();
      void load();
    },
    /** It was connected anew: what is shown may be old. */
    again: () => {
      if (!section.hidden) void load();
    },
    close: () => {
      section.hidden = true;
      wanted = '';
    },
  };
}

/** @param {string} title @param {...HTMLElement} children */
const part = (title, ...children) => el('section', { class: 'part' }, el('h3', {}, title), ...children);
