// @ts-check

const parts = { trouble: '', mapping: '' };

/**
 * The title of the page: what is wrong, if anything is, and the mapping that is shown. Both change at times of their own.
 * @param {Partial<typeof parts>} changed
 */
export function setTitle(changed) {
  const { trouble, mapping } = Object.assign(parts, changed);
  document.title = `${trouble && `${trouble} · `}${mapping && `${mapping} – `}Millrace`;
}
