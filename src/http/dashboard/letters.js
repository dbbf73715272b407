// @ts-check
import { explain, get, post } from './api.js';
import { choose, options, tally } from './choices.js';
import { confirm } from './dialogs.js';
import { button, el, sentence, setText, theirs } from './dom.js';
import { count, counted } from './format.js';

/**
 * Parked records, a page at a time: ten thousand of them are never in the document at once.
 * @typedef {import('../api-letters').LettersAnswer} Answer
 * @typedef {Answer['letters'][number]} Letter
 */

/**
 * @param {HTMLElement} section
 * @param {(text: string) => void} say
 */
export function createLetters(section, say) {
  const total = el('span', { class: 'tally' });
  const kinds = el('select', { id: 'letters-kind' });
  const codes = el('select', { id: 'letters-code' });
  const rows = el('tbody');
  const table = el(
    'table',
    { class: 'letters' },
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        ...['Record', 'Why it is parked', 'Tried', ''].map((name) => el('th', { scope: 'col' }, name)),
      ),
    ),
    rows,
  );
  const empty = el('p', { class: 'empty' });
  const problem = el('p', { class: 'problem', role: 'alert' });
  const before = button('Earlier', () => turn(-1), { class: 'quiet' });
  const next = button('Later', () => turn(1), { class: 'quiet' });
  const range = el('span', { class: 'range', 'aria-live': 'polite' });
  const retryPage = button('Retry these', () => void retry({ ids: retriable().map(({ id }) => id) }));
  const retryAll = button('Retry all…', () => void askAndRetryAll());
  const tools = el(
    'div',
    { class: 'tools' },
    el('span', { class: 'field' }, el('label', { for: 'letters-kind' }, 'Kind'), kinds),
    el('span', { class: 'field' }, el('label', { for: 'letters-code' }, 'Reason'), codes),
    el('span', { class: 'push' }),
    retryPage,
    retryAll,
  );
  const pager = el('nav', { class: 'pager', 'aria-label': 'Pages of parked records' }, before, range, next);
  section.append(
    el('header', {}, el('h2', { id: 'letters-title' }, 'Parked records'), total),
    el(
      'p',
      { class: 'explain' },
      'What could not be applied waits here, and holds nothing up. It is tried again within a second of a retry.',
    ),
    tools,
    problem,
    empty,
    table,
    pager,
  );

  /** Where each page seen so far begins. */
  let starts = ['0'];
  /** @type {Answer | undefined} */
  let answer;
  let allowed = false;
  let loading = false;
  let again = false;

  const filter = () => ({
    ...(kinds.value === '' ? {} : { kind: kinds.value }),
    ...(codes.value === '' ? {} : { code: codes.value }),
  });
  const retriable = () => (answer?.letters ?? []).filter(({ kind }) => kind !== '?');

  async function load() {
    if (loading) {
      again = true;
      return;
    }
    loading = true;
    try {
      /** @type {Answer} */
      const got = await get(
        `api/dead-letters?${new URLSearchParams({ ...filter(), after: starts.at(-1) ?? '0' })}`,
      );
      setText(problem, '');
      // The page was retried away: back to where there is something.
      if (got.letters.length === 0 && starts.length > 1) {
        starts = ['0'];
        again = true;
      } else {
        answer = got;
        render();
      }
    } catch (error) {
      setText(problem, `The parked records cannot be read: ${explain(error)}`);
    } finally {
      loading = false;
    }
    if (again) {
      again = false;
      await load();
    }
  }

  function render() {
    if (answer === undefined) return;
    const { letters, groups } = answer;
    const all = groups.reduce((sum, group) => sum + group.count, 0);
    setText(total, all === 0 ? '' : count(all));
    options(kinds, 'all kinds', tally(groups, 'kind'));
    options(codes, 'all reasons', tally(groups, 'code'));
    setText(
      empty,
      letters.length > 0
        ? ''
        : all === 0
          ? 'Nothing is parked.'
          : 'Nothing of this kind, for this reason, is parked.',
    );
    table.hidden = letters.length === 0;
    tools.hidden = all === 0;
    // The keyboard stays on the row it was on, if that is still there.
    const focused = document.activeElement?.closest('tr')?.dataset['id'];
    rows.replaceChildren(...letters.map((letter) => row(letter)));
    if (focused !== undefined) {
      const same = [...rows.querySelectorAll('tr')].find((element) => element.dataset['id'] === focused);
      (same?.querySelector('button') ?? kinds).focus();
    }
    pages();
    permit();
  }

  function pages() {
    if (answer === undefined) return;
    const first = (starts.length - 1) * 50 + 1;
    pager.hidden = answer.next === null && starts.length === 1;
    setText(
      range,
      `${count(first)} to ${count(first + answer.letters.length - 1)} of ${count(answer.total)}`,
    );
    before.disabled = starts.length === 1;
    next.disabled = answer.next === null;
    const many = retriable().length;
    setText(retryPage, `Retry these ${many}`);
    setText(retryAll, `Retry all ${count(answer.total)}…`);
    retryPage.hidden = answer.next === null && starts.length === 1;
  }

  function permit() {
    retryPage.disabled = !allowed || retriable().length === 0;
    retryAll.disabled = !allowed || (answer?.total ?? 0) === 0;
    for (const one of rows.querySelectorAll('button')) one.disabled = !allowed;
  }

  /** @param {Letter} letter */
  function row({ id, kind, key, record, created, code, column, message, waitingFor, attempts, lastAt }) {
    const details = [
      ...(waitingFor === null ? [] : ['waits for ', theirs(waitingFor)]),
      ...(created === null ? [] : [waitingFor === null ? 'made ' : '; made ', theirs(created)]),
    ];
    return el(
      'tr',
      { 'data-id': id },
      el(
        'td',
        { class: 'record' },
        el('code', {}, theirs(record === null ? key : `${key} ${record}`)),
        el('span', { class: 'number' }, `#${id}`),
      ),
      el(
        'td',
        { class: 'reason' },
        el('span', { class: 'code' }, code, ...(column === null ? [] : [' ', theirs(column)])),
        el('p', { dir: 'auto' }, ...sentence(message)),
        ...(details.length === 0 ? [] : [el('p', { class: 'small' }, ...details)]),
      ),
      el(
        'td',
        { class: 'tried' },
        counted(attempts, 'time'),
        el('span', { class: 'small' }, ` last ${lastAt.slice(0, 19)} UTC`),
      ),
      el(
        'td',
        { class: 'act' },
        ...(kind === '?'
          ? []
          : [button('Retry', () => void retry({ ids: [id] }), { 'aria-label': `Retry ${key}` })]),
      ),
    );
  }

  /** @param {object} body */
  async function retry(body) {
    try {
      const { retried } = await post('api/dead-letters/retry', body);
      say(
        retried === 0
          ? 'None of them is parked any more.'
          : `${counted(retried, 'record')} will be tried again within a second.`,
      );
    } catch (error) {
      say(`Nothing was retried: ${explain(error)}`);
    }
    setTimeout(() => void load(), 1_500);
  }

  async function askAndRetryAll() {
    const wanted = filter();
    const which = [wanted.kind, wanted.code].filter((part) => part !== undefined).join(', ');
    const text = `${counted(answer?.total ?? 0, 'parked record')}${which === '' ? '' : ` (${which})`} will be tried again. Those that still do not fit are parked again.`;
    if (await confirm('Retry all?', text, 'Retry all')) await retry({ all: true, ...wanted });
  }

  /** @param {1 | -1} step */
  function turn(step) {
    if (step === -1) starts.pop();
    else if (answer?.next != null) starts.push(answer.next);
    void load();
  }

  for (const select of [kinds, codes]) {
    select.addEventListener('change', () => {
      starts = ['0'];
      void load();
    });
  }
  return {
    load: () => void load(),
    /** Shows those of one kind, whether there are any or not. @param {string} kind */
    filter: (kind) => {
      choose(kinds, kind);
      codes.value = '';
      starts = ['0'];
      section.scrollIntoView();
      kinds.focus();
      void load();
    },
    /** @param {boolean} next */
    allow: (next) => {
      allowed = next;
      permit();
    },
  };
}
