/** What Redis sends on a connection that has subscribed and sends nothing but PING. */
export interface Pushes {
  /** @param channel without its first `skip` characters; latin1, as the event */
  readonly onMessage: (channel: string, event: string) => void;
  /** Called when the subscription is confirmed. */
  readonly onSubscribed: () => void;
  /** Called for the answer to a PING: all that Redis sent before it has been told. */
  readonly onPong: () => void;
  /** Called for an error reply. */
  readonly onRefused: (message: string) => void;
}

const [CR = 0, minus = 0, zero = 0, nine = 0, colon = 0, dollar = 0, asterisk = 0] = Buffer.from('\r-09:$*');

/** The number of values in the longest reply: pmessage, pattern, channel, event. */
const mostValues = 4;
/** The most bytes of a value or line. A longer value is skipped and counts as empty: it is no key of a record. */
const longest = 64 * 1024;
const mostDigits = 15;
const empty = Buffer.from('$0\r\n\r\n');

/**
 * Reads the replies of a subscribed connection (RESP2), wherever chunks cut them. A general client makes four Buffers, four strings and
 * an event of each message, six times the work; and nearly all messages may be echoes.
 */
export class PushReader {
  readonly #skip: number;
  readonly #pushes: Pushes;
  /** The beginning of a reply whose end has not come yet. */
  #held: Buffer[] = [];
  /** Where a value that is too long begins in that reply, and how many bytes of the value are still to come. */
  #longFrom = -1;
  #excess = 0;
  /** The number in the line that was read last. */
  #number = 0;
  /** Where each value of the reply begins and ends. */
  readonly #from = new Array<number>(mostValues).fill(0);
  readonly #to = new Array<number>(mostValues).fill(0);

  /** @param skip how many characters to leave out at the start of each channel */
  constructor(skip: number, pushes: Pushes) {
    this.#skip = skip;
    this.#pushes = pushes;
  }

  /** @throws when the bytes are not what Redis sends to a subscriber: then nobody knows where the next reply begins */
  read(chunk: Buffer): void {
    const passed = Math.min(this.#excess, chunk.length);
    this.#excess -= passed;
    if (passed === chunk.length) return;
    const news = chunk.subarray(passed);
    const data = this.#held.length === 0 ? news : Buffer.concat([...this.#held, news]);
    let at = 0;
    while (at < data.length) {
      const end = this.#reply(data, at);
      if (end < 0) break;
      at = end;
    }
    if (this.#longFrom >= 0) this.#held = [data.subarray(at, this.#longFrom), empty];
    else this.#held = at === data.length ? [] : [data.subarray(at)];
    this.#longFrom = -1;
  }

  /** Reads the reply at `at`. @returns where the next one begins; -1: the reply is not complete yet */
  #reply(data: Buffer, at: number): number {
    if (data[at] === minus) {
      const end = data.indexOf('\r\n', at);
      if (end >= 0) this.#pushes.onRefused(data.toString('utf8', at + 1, end));
      if (end < 0 && data.length - at > longest)
        throw new Error('Redis sent a subscriber a line that does not end');
      return end < 0 ? -1 : end + 2;
    }
    let next = this.#line(data, at, asterisk);
    const values = this.#number;
    if (values > mostValues) throw new Error(`Redis sent a reply of ${values} values to a subscriber`);
    for (let value = 0; value < values && next >= 0; value++) next = this.#value(data, next, value);
    if (next >= 0) this.#tell(data, values);
    return next;
  }

  #value(data: Buffer, at: number, value: number): number {
    if (data[at] === colon) return this.#line(data, at, colon);
    const from = this.#line(data, at, dollar);
    if (from < 0) return -1;
    const to = from + this.#number;
    this.#from[value] = from;
    this.#to[value] = to;
    if (to + 2 <= data.length) return to + 2;
    if (this.#number > longest) {
      this.#longFrom = at;
      this.#excess = to + 2 - data.length;
    }
    return -1;
  }

  /** Reads a line that consists of a type and a number. @returns where the next one begins; -1: the line is not complete yet */
  #line(data: Buffer, at: number, type: number): number {
    if (at >= data.length) return -1;
    if (data[at] !== type) throw new Error(`Redis sent a subscriber what is no reply: ${data[at] ?? 0}`);
    let number = 0;
    for (let digit = at + 1; digit + 1 < data.length; digit++) {
      const byte = data[digit] ?? 0;
      if (byte === CR) {
        this.#number = number;
        return digit + 2;
      }
      if (byte < zero || byte > nine) throw new Error(`Redis sent a subscriber a number with ${byte} in it`);
      number = number * 10 + byte - zero;
      if (digit - at > mostDigits) throw new Error('Redis sent a subscriber a number that does not end');
    }
    return -1;
  }

  #tell(data: Buffer, values: number): void {
    const [, , channelFrom = 0, eventFrom = 0] = this.#from;
    const [, , channelTo = 0, eventTo = 0] = this.#to;
    // Four values: a `pmessage`. Three: the confirmation of the subscription. Two: the answer to PING.
    if (values === 4) {
      const channel = data.toString('latin1', channelFrom + this.#skip, channelTo);
      this.#pushes.onMessage(channel, data.toString('latin1', eventFrom, eventTo));
    } else if (values === 3) this.#pushes.onSubscribed();
    else if (values === 2) this.#pushes.onPong();
  }
}
