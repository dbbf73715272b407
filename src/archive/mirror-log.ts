import { describeError } from '../errors';
import type { Log } from '../log';
import type { MirrorEvent } from './mirror';
import type { MirrorStatus } from './status';

/** What the mirror tells: for the log, for status, and whether a full pass has to look for what it could not see. */
export class MirrorLog {
  readonly #log: Log;
  readonly #missed: (reason: string) => void;
  status: MirrorStatus;
  /** Down because the stream cannot be written to: the next flush ends it. */
  #writing = false;

  constructor(log: Log, on: boolean, missed: (reason: string) => void) {
    this.#log = log;
    this.#missed = missed;
    this.status = { state: on ? 'waiting' : 'off', mirrored: 0 };
  }

  note(event: MirrorEvent): void {
    const { mirrored } = this.status;
    const fields = { pipeline: 'archive' };
    switch (event.type) {
      case 'subscribed': {
        const { notifications } = event;
        if (typeof notifications === 'string') {
          this.status = { state: 'listening', mirrored };
          if (notifications === 'switched on')
            this.#log.info('switched on notify-keyspace-events in Redis', { ...fields, event: 'mirror.on' });
        } else {
          const { refused, hint } = notifications;
          this.status = { state: 'refused', mirrored, message: refused, hint };
          const message = `keyspace notifications cannot be switched on: ${refused}`;
          this.#log.warn(message, { ...fields, event: 'mirror.refused', hint });
        }
        this.#missed('the mirror begins to listen');
        return;
      }
      case 'mirrored':
        this.status = this.#writing
          ? { state: 'listening', mirrored: mirrored + event.pairs }
          : { ...this.status, mirrored: mirrored + event.pairs };
        this.#writing = false;
        return;
      case 'overflow': {
        const message = `the mirror could not keep ${event.dropped} notifications`;
        this.#log.warn(message, { ...fields, event: 'mirror.overflow' });
        this.#missed(message);
        return;
      }
      case 'down': {
        const { message } = describeError(event.error);
        this.#writing = event.what === 'writing';
        this.status = { state: 'down', mirrored, message };
        if (Number.isInteger(Math.log2(event.attempt)))
          this.#log.failure('warn', event.error, { ...fields, event: 'mirror.down', attempt: event.attempt });
      }
    }
  }
}
