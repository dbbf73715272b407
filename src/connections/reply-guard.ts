import { MillraceError, retryable } from '../foundation/errors';

/** How many bytes are kept of the beginning of a reply that is refused: they show what it was about. */
const headBytes = 512;

/** About how many bytes each value of a reply takes in this process besides its own: a Buffer, and a place in an array. */
const valueBytes = 100;
/** No reply that we ask for is nested deeper than 8. */
const deepest = 32;
/** The longest line of text (an error or a status). */
const longestLine = 1024 * 1024;
/** The most digits of a length. */
const mostDigits = 15;

const [lineFeed = 0, carriageReturn = 0, minus = 0, zero = 0, nine = 0] = Buffer.from('\n\r-09');
const [plus = 0, colon = 0, dollar = 0, asterisk = 0] = Buffer.from('+:$*');

/** What the next byte is: a type; part of a line of text; a digit; the end of the line after the digits. */
type At = 'type' | 'text' | 'length' | 'end';

/**
 * Follows the replies of a server (RESP2), wherever chunks cut them, without making anything of them. So the client's parser never sees
 * a reply that would end the process: nested a thousand deep, or larger than our memory. A reply is judged by the lengths that it
 * announces: an array of 2^31 values is refused at once.
 */
export class ReplyGuard {
  readonly #most: number;
  /** How many values are still to come in each open array, the outermost first. */
  readonly #open: number[] = [];
  /** About how much memory the reply takes so far. */
  #weight = 0;
  #at: At = 'type';
  #type = 0;
  #length = 0;
  #digits = 0;
  #negative = false;
  /** How many bytes of a value and its end are still to come. */
  #left = 0;
  /** The chunk in which the reply begins, and where. */
  #first: Buffer | undefined;
  #firstAt = 0;

  /** @param most bytes that a reply may take in memory */
  constructor(most: number) {
    this.#most = most;
  }

  /** @throws E_REPLY_TOO_LARGE, E_REPLY: nothing after that can be read */
  read(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const passed = Math.min(this.#left, chunk.length - at);
        this.#left -= passed;
        at += passed;
        if (this.#left === 0) this.#ended();
      } else if (this.#at === 'text') at = this.#text(chunk, at);
      else {
        if (this.#weight === 0) {
          this.#first = chunk;
          this.#firstAt = at;
        }
        this.#header(chunk[at++] ?? 0);
      }
    }
  }

  /** Takes one byte of a value's header. */
  #header(byte: number): void {
    if (this.#at === 'type') {
      this.#type = byte;
      this.#length = 0;
      this.#digits = 0;
      this.#negative = false;
      this.#add(valueBytes);
      if (byte === dollar || byte === asterisk) this.#at = 'length';
      else if (byte === plus || byte === minus || byte === colon) this.#at = 'text';
      else throw strange(`a value of type ${byte}`);
    } else if (this.#at === 'end') {
      if (byte !== lineFeed) throw strange('a line that does not end');
      this.#at = 'type';
      this.#begin();
    } else if (byte >= zero && byte <= nine) {
      this.#length = this.#length * 10 + byte - zero;
      if (++this.#digits > mostDigits) this.#add(Infinity);
    } else if (byte === minus && this.#digits === 0 && !this.#negative) this.#negative = true;
    else if (byte === carriageReturn && this.#digits > 0) this.#at = 'end';
    else throw strange(`a length with ${byte} in it`);
  }

  /** Begins a value, whose header is complete. */
  #begin(): void {
    if (this.#negative) this.#ended();
    else if (this.#type === dollar) {
      this.#add(this.#length);
      this.#left = this.#length + 2;
    } else {
      if (this.#open.length === deepest) throw strange(`arrays nested deeper than ${deepest}`);
      this.#add(this.#length * valueBytes);
      if (this.#length === 0) this.#ended();
      else this.#open.push(this.#length);
    }
  }

  /** Passes over a line of text. @returns where to go on */
  #text(chunk: Buffer, from: number): number {
    const end = chunk.indexOf(lineFeed, from);
    this.#length += (end < 0 ? chunk.length : end) - from;
    if (this.#length > longestLine) throw strange('a line that does not end');
    if (end < 0) return chunk.length;
    this.#at = 'type';
    this.#add(this.#length);
    this.#ended();
    return end + 1;
  }

  /** Ends a value, and the arrays whose last value it is; maybe the reply. */
  #ended(): void {
    for (let left = this.#open.pop(); left !== undefined; left = this.#open.pop()) {
      if (left === 1) continue;
      this.#open.push(left - 1);
      return;
    }
    this.#weight = 0;
  }

  #add(bytes: number): void {
    this.#weight += bytes;
    if (this.#weight <= this.#most) return;
    const head = this.#first?.toString('latin1', this.#firstAt, this.#firstAt + headBytes) ?? '';
    throw new ReplyTooLarge(this.#most, head, [...this.#open]);
  }
}

/** Thrown when a reply was refused, before it had come. */
export class ReplyTooLarge extends MillraceError {
  /** The beginning of the reply, as far as it was in one chunk; latin1. */
  readonly head: string;
  /** How many values were still to come in each open array, the outermost first; the value that was too much is counted. */
  readonly open: readonly number[];

  constructor(most: number, head: string, open: readonly number[]) {
    super('retryable', `a reply of Redis is larger than ${Math.floor(most / 1024 ** 2)} MB`, {
      code: 'E_REPLY_TOO_LARGE',
      hint: 'Something very large is where Millrace reads; its connection was given up before it came. MAX_RECORD_SIZE says what is read.',
    });
    this.head = head;
    this.open = open;
  }
}

const strange = (what: string): Error =>
  retryable(`the server at the address of Redis sent ${what}`, {
    code: 'E_REPLY',
    hint: 'This is not how Redis answers: check REDIS_URL (or REDIS_HOST and REDIS_PORT), and what is in between.',
  });
