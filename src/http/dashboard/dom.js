// @ts-check
/** The only ways anything gets onto the page: as text, never as markup. */

/** @typedef {Readonly<Record<string, string | number | boolean | undefined>>} Attributes true: present, false or undefined: absent */

/**
 * @template {Element} E
 * @param {E} element
 * @param {Attributes} attributes
 * @param {readonly (Node | string)[]} children
 * @returns {E}
 */
function furnish(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false)
      element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children);
  return element;
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {Attributes} [attributes]
 * @param {...(Node | string)} children
 */
export const el = (name, attributes = {}, ...children) =>
  furnish(document.createElement(name), attributes, children);

/**
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} name
 * @param {Attributes} [attributes]
 * @param {...(Node | string)} children
 */
export const svg = (name, attributes = {}, ...children) =>
  furnish(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);

/**
 * Text of others, in its own direction whatever stands around it.
 * @param {string} text
 */
export const theirs = (text) => el('bdi', { dir: 'auto' }, text);

/**
 * A sentence that quotes: what is in quotes has its own direction, and does not turn the sentence around.
 * @param {string} text
 */
export const sentence = (text) =>
  text.split(/("(?:[^"\\]|\\.)*")/).map((part, index) => (index % 2 === 1 ? theirs(part) : part));

/**
 * Leaves what is right alone: selections and screen readers are not disturbed.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {string | undefined} value
 */
export function setAttribute(element, name, value) {
  if (value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/**
 * @param {string} label
 * @param {() => void} onClick
 * @param {Attributes} [attributes]
 */
export function button(label, onClick, attributes = {}) {
  const element = el('button', { type: 'button', ...attributes }, label);
  element.addEventListener('click', onClick);
  return element;
}

/**
 * An element of index.html.
 * @param {string} id
 */
export function place(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
}
