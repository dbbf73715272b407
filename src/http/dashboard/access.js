// @ts-check
import { explain, get, token } from './api.js';
import { askForToken, tellAboutToken, tokenStillRight } from './dialogs.js';
import { button, el } from './dom.js';

/**
 * Who may do what, in the head of the page.
 * @param {object} options
 * @param {HTMLElement} options.place
 * @param {() => void} options.onChange the token has come or gone
 */
export function createAccess({ place, onChange }) {
  /** @type {import('../api').AccessAnswer} */
  let access = { actions: false, open: true };
  let allowed = false;
  let asking = false;

  function render() {
    const had = place.contains(document.activeElement);
    if (!access.actions)
      place.replaceChildren(
        el('span', {}, 'Read-only'),
        button('Switch actions on…', () => void tellAboutToken(), { class: 'quiet' }),
      );
    else if (allowed)
      place.replaceChildren(el('span', {}, 'Actions unlocked'), button('Lock', lock, { class: 'quiet' }));
    else place.replaceChildren(button('Unlock actions…', () => void unlock(), { class: 'primary' }));
    if (had) place.querySelector('button')?.focus();
  }

  function change(/** @type {boolean} */ next) {
    allowed = next;
    render();
    onChange();
  }

  function lock() {
    token.set(undefined);
    change(false);
  }

  async function unlock(
    why = 'Whoever has the daemon’s token may pause, resume, reconcile and retry. It is kept until this tab is closed.',
  ) {
    if (asking) return;
    asking = true;
    if (await askForToken(why)) change(true);
    asking = false;
  }

  return {
    allowed: () => allowed,
    /** Asks the daemon. @throws ApiError */
    look: async () => {
      access = await get('api/access');
      change(access.actions && (await tokenStillRight()));
    },
    /** The daemon refused: without the token nothing can be seen from here. @param {import('./api.js').ApiError} error */
    refused: async (error) => {
      if (error.status === 401 && access.actions)
        await unlock('Seen from another machine, this dashboard asks for the daemon’s token.');
      else place.replaceChildren(el('span', { class: 'problem', role: 'alert' }, explain(error)));
    },
  };
}
