import { describeError } from '../../foundation/errors';
import type { Log } from '../../log/log';
import { FaultLog } from '../../pipeline/incidents/fault-log';
import type { MirrorEvent } from './mirror';
import { isRefused } from './notifications';

/** Whether, and how well, plain writes are followed. */
export interface MirrorStatus {
  readonly state: 'off' | 'waiting' | 'listening' | 'refused' | 'down';
  /** Since when the mirror has been in this state. */
  readonly since: number;
  /** Why the mirror is not listening, and what to do. */
  readonly message?: string;
  readonly hint?: string;
  /** How many nominations it has written to the stream. */
  readonly mirrored: number;
}

/** Turns the mirror's events into log lines and its status, and asks for a full pass when the mirror has missed something. */
export class MirrorLog {
  readonly #log: Log;
  readonly #missed: (reason: string) => void;
  /** `since` is by performance.now(). */
  status: MirrorStatus;
  readonly #faults = new FaultLog();
  /** The mirror is down because it cannot write to the stream: the next flush that succeeds ends that. */
  #writing = false;
  /** Redis does not let us read its setting: the first event shows that notifications are on. */
  #blind = false;

  constructor(log: Log, on: boolean, missed: (reason: string) => void) {
    this.#log = log;
    this.#missed = missed;
    this.status = { state: on ? 'waiting' : 'off', since: performance.now(), mirrored: 0 };
  }

  #become(state: MirrorStatus['state'], why: Pick<MirrorStatus, 'message' | 'hint'> = {}): void {
    const { mirrored, since, state: before } = this.status;
    const { message, hint } = why;
    this.status = {
      state,
      since: state === before ? since : performance.now(),
      mirrored,
      ...(message === undefined ? {} : { message }),
      ...(hint === undefined ? {} : { hint }),
    };
  }

  note(event: MirrorEvent): void {
    const fields = { pipeline: 'archive' };
    switch (event.type) {
      case 'subscribed': {
        const { notifications } = event;
        this.#blind = false;
        if (!isRefused(notifications)) {
          this.#become('listening');
          if (notifications === 'switched on')
            this.#log.info('switched on notify-keyspace-events in Redis', { ...fields, event: 'mirror.on' });
        } else {
          const { refused, hint, missing } = notifications;
          this.#blind = missing === undefined;
          this.#become('refused', { message: refused, hint });
          const message = `keyspace notifications cannot be switched on: ${refused}`;
          this.#log.warn(message, { ...fields, event: 'mirror.refused', hint });
        }
        this.#missed('the mirror begins to listen');
        return;
      }
      case 'mirrored':
        this.status = { ...this.status, mirrored: this.status.mirrored + event.pairs };
        if (this.#writing || this.#blind) this.#become('listening');
        this.#writing = false;
        this.#blind = false;
        return;
      case 'overflow': {
        const message = `the mirror could not keep ${event.dropped} notifications`;
        this.#log.warn(message, { ...fields, event: 'mirror.overflow' });
        this.#missed(message);
        return;
      }
      case 'down': {
        this.#writing = event.what === 'writing';
        this.#become('down', describeError(event.error));
        if (this.#faults.tell(describeError(event.error).code) !== undefined)
          this.#log.failure('warn', event.error, { ...fields, event: 'mirror.down', attempt: event.attempt });
      }
    }
  }
}
