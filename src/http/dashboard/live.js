// @ts-check
import { ApiError, request } from './api.js';

/** Events come once a second; so long without any, and the connection is as good as gone. */
const silenceMs = 6_000;
const longestWaitMs = 5_000;

/**
 * Server-sent events by fetch, which can carry the token, as EventSource cannot.
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} body
 * @param {(name: string, data: any) => void} onEvent
 */
async function read(body, onEvent) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(
        block.split('\n').map((line) => /** @type {[string, string]} */ (line.split(/: (.*)/s, 2))),
      );
      const data = fields.get('data');
      if (data !== undefined) onEvent(fields.get('event') ?? 'message', JSON.parse(data));
    }
  }
}

/**
 * Follows the daemon for as long as somebody looks: lets go while the page is hidden, notices silence and sleep, and comes
 * back by itself.
 * @param {object} options
 * @param {(name: string, data: any) => void} options.onEvent
 * @param {() => void} options.onConnected before the first event of each connection
 * @param {() => void} options.onLost
 * @param {(error: ApiError) => void} options.onRefused it wants a token; `again` is for when there is one
 */
export function follow({ onEvent, onConnected, onLost, onRefused }) {
  let controller = new AbortController();
  let heardAt = Date.now();
  let failures = 0;
  let refused = false;
  /** Ends the wait under way. */
  let wake = () => {};

  /** @param {number} ms */
  const pause = (ms) =>
    new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  async function connect() {
    controller = new AbortController();
    heardAt = Date.now();
    const { body } = await request('api/live', { signal: controller.signal });
    if (body === null) return;
    let first = true;
    await read(body, (name, data) => {
      heardAt = Date.now();
      failures = 0;
      if (first) onConnected();
      first = false;
      onEvent(name, data);
    });
  }

  async function run() {
    for (;;) {
      while (document.hidden || refused) await pause(60_000);
      try {
        await connect();
      } catch (error) {
        if (error instanceof ApiError && (error.status === 401 || error.status === 403)) {
          refused = true;
          onRefused(error);
          continue;
        }
      }
      if (document.hidden) continue;
      onLost();
      await pause(Math.min(longestWaitMs, 500 * 2 ** failures++));
    }
  }

  document.addEventListener('visibilitychange', () => {
    if (document.hidden) controller.abort();
    else wake();
  });
  addEventListener('online', () => wake());
  setInterval(() => {
    if (Date.now() - heardAt > silenceMs) controller.abort();
  }, 1_000);
  void run();
  return {
    /** There is a token now. */
    again: () => {
      if (!refused) return;
      refused = false;
      wake();
    },
  };
}
