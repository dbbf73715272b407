// @ts-check
import { ApiError, explain, post, request, token } from './api.js';
import { button, el } from './dom.js';

/**
 * Shows a dialog until it is closed, by Esc as well; then it is gone, and the keyboard is where it was.
 * @param {string} title
 * @param {(close: () => void) => readonly (Node | string)[]} contents
 * @returns {Promise<void>}
 */
function open(title, contents) {
  return new Promise((resolve) => {
    const dialog = el('dialog', { 'aria-labelledby': 'dialog-title' });
    const before = document.activeElement;
    dialog.append(el('h2', { id: 'dialog-title' }, title), ...contents(() => dialog.close()));
    dialog.addEventListener('close', () => {
      dialog.remove();
      if (before instanceof HTMLElement) before.focus();
      resolve();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/**
 * @param {string} title
 * @param {string} text
 * @param {string} yes
 * @returns {Promise<boolean>}
 */
export async function confirm(title, text, yes) {
  let agreed = false;
  await open(title, (close) => [
    el('p', {}, text),
    el(
      'div',
      { class: 'dialog-actions' },
      button('Cancel', close, { class: 'quiet' }),
      button(
        yes,
        () => {
          agreed = true;
          close();
        },
        { class: 'primary', autofocus: true },
      ),
    ),
  ]);
  return agreed;
}

/** Asks for the token and keeps it, once the daemon has said that it is right. @param {string} why */
export async function askForToken(why) {
  let got = false;
  await open('The token', (close) => {
    const field = el('input', {
      type: 'password',
      id: 'token',
      autocomplete: 'current-password',
      required: true,
      autofocus: true,
    });
    const problem = el('p', { class: 'problem', role: 'alert' });
    const send = el('button', { type: 'submit', class: 'primary' }, 'Unlock');
    const form = el(
      'form',
      {},
      el('p', {}, why),
      el('label', { for: 'token' }, 'MILLRACE_TOKEN'),
      field,
      problem,
      el('div', { class: 'dialog-actions' }, button('Cancel', close, { class: 'quiet' }), send),
    );
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      send.disabled = true;
      const given = field.value.trim();
      try {
        await request('api/access', { body: {}, token: given });
        token.set(given);
        got = true;
        close();
      } catch (error) {
        problem.textContent =
          error instanceof ApiError && error.status === 401
            ? 'The token is wrong: nothing was unlocked.'
            : explain(error);
        field.select();
      } finally {
        send.disabled = false;
      }
    });
    return [form];
  });
  return got;
}

/** How actions are switched on, for a daemon without a token. */
export const tellAboutToken = () =>
  open('This dashboard is read-only', (close) => [
    el('p', {}, 'To pause, resume, reconcile and retry from here, the daemon needs a token. Make one:'),
    el('pre', { tabindex: 0 }, 'openssl rand -hex 24'),
    el('p', {}, 'and start the daemon with it, in its environment or .env:'),
    el('pre', { tabindex: 0 }, 'MILLRACE_TOKEN=<the token>'),
    el('p', {}, 'The command line needs none: millrace pause, resume, reconcile, dead-letters retry.'),
    el('div', { class: 'dialog-actions' }, button('Close', close, { class: 'primary', autofocus: true })),
  ]);

/** Whether the token kept from before is still right; it is forgotten if not. */
export async function tokenStillRight() {
  if (token.get() === undefined) return false;
  try {
    await post('api/access');
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) token.set(undefined);
    return false;
  }
}
