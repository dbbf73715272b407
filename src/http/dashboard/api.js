// @ts-check
/** Requests to the daemon. The token goes along in a header that only this page sets: never a cookie. */

const storageKey = 'millrace-token';
/** Where the browser keeps nothing, this page does. @type {string | undefined} */
let kept;

export const token = {
  /** @returns {string | undefined} */
  get: () => {
    try {
      return sessionStorage.getItem(storageKey) ?? kept;
    } catch {
      return kept;
    }
  },
  /** @param {string | undefined} value for this tab, until it is closed */
  set: (value) => {
    kept = value;
    try {
      if (value === undefined) sessionStorage.removeItem(storageKey);
      else sessionStorage.setItem(storageKey, value);
    } catch {
      // kept in memory
    }
  },
};

/** The daemon's own word about what went wrong. */
export class ApiError extends Error {
  /**
   * @param {number} status 0: it did not answer
   * @param {{ code?: string, message?: string, hint?: string }} body
   */
  constructor(status, { code = '', message = `the daemon answered ${status}`, hint }) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
  }
}

/** @param {unknown} error */
export const explain = (error) =>
  error instanceof ApiError && error.hint !== undefined
    ? `${error.message}. ${error.hint}`
    : error instanceof Error
      ? error.message
      : String(error);

/**
 * @param {string} path
 * @param {{ body?: object, signal?: AbortSignal, token?: string }} [options] a body makes it a POST
 * @returns {Promise<Response>} a good one
 */
export async function request(path, { body, signal, token: given = token.get() } = {}) {
  /** @type {RequestInit} */
  const init = {
    method: body === undefined ? 'GET' : 'POST',
    cache: 'no-store',
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(given === undefined ? {} : { authorization: `Bearer ${given}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  };
  const response = await fetch(path, init).catch((error) => {
    if (signal?.aborted) throw error;
    throw new ApiError(0, { message: 'the daemon does not answer' });
  });
  if (response.ok) return response;
  throw new ApiError(response.status, await response.json().catch(() => ({})));
}

/**
 * @template T
 * @param {string} path
 * @returns {Promise<T>}
 */
export const get = async (path) => (await request(path)).json();

/**
 * @param {string} path
 * @param {object} [body]
 */
export const post = async (path, body = {}) => (await request(path, { body })).json();
