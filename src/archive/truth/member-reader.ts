import type { Result } from 'ioredis';
import { readAsset } from '../../foundation/package-root';
import type { RedisConnection } from '../../connections/redis';
import { tooLarge, Unfit } from '../record/unfit';
import type { Found } from '../record/found';
import { keyOf } from '../record/key';
import { type Catalogue, type Kind, type KindName, kindOf } from '../../mapping/kinds';
import type { Truth } from './truth';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** member-page.lua */
    millraceMemberPageBuffer(
      run: Buffer | string,
      key: Buffer | string,
      ...args: (string | number)[]
    ): Result<Reply, Context>;
  }
}

type Reply = null | Buffer | readonly [Buffer | null, number, Buffer, number, number, ...(Buffer | number)[]];

/** How far a key is read: all members with a lower score, and those with this score that were there. */
interface Mark {
  readonly score: string;
  readonly below: number;
}

/** How many members are read in one round trip. */
const pageMembers = 1_000;
const pageBytes = 4 * 1024 * 1024;
/** How many members of a new key are read at once at first: a point may have any size. */
const firstStep = 10;
/** How many keys' marks are kept; other keys are read from their start again. */
const keptMarks = 20_000;

/** A key with this many points of one score (no epoch, no step) is read whole each time, and so not for every new point. */
const manyTies = 2_000;
/** Such a key rests for this many milliseconds for each of these points: reading and comparing a point takes about a tenth of that. */
const restMs = 0.1;

/** Reads keys that grow member by member (metrics, point by point) from where they were read last. Keys are named by kind and id, latin1. */
export class MemberReader {
  readonly #connection: RedisConnection;
  readonly #catalogue: Catalogue;
  readonly #marks = new Map<string, Mark>();
  readonly #resting = new Map<string, number>();

  constructor(connection: RedisConnection, catalogue: Catalogue) {
    this.#connection = connection;
    this.#catalogue = catalogue;
    connection.client.defineCommand('millraceMemberPage', {
      lua: readAsset('src/archive/truth/lua/member-page.lua'),
      numberOfKeys: 2,
    });
  }

  /**
   * Forgets how far one key, or all, are read: after a failure and for a pass, since what was read may not have been applied, and
   * when a key was deleted, since a new one of its name with as many points would be taken for it.
   */
  forget(kind?: KindName, id = ''): void {
    if (kind === undefined) this.#marks.clear();
    else this.#marks.delete(`${kind}:${id}`);
  }

  /** When a key that has to rest may be read again, by performance.now(). The caller asks again at that time. */
  restsUntil(kind: KindName, id: string): number | undefined {
    const name = `${kind}:${id}`;
    const until = this.#resting.get(name);
    if (until !== undefined && until > performance.now()) return until;
    this.#resting.delete(name);
    return undefined;
  }

  /** The points that may be new, page by page. @param id `<run>:<name>:<split>` */
  async *read(kind: Kind, id: Buffer): AsyncGenerator<Truth> {
    const name = `${kind.name}:${id.toString('latin1')}`;
    const run = id.subarray(0, Math.max(0, id.indexOf(':')));
    let mark = this.#marks.get(name) ?? { score: '-inf', below: 0 };
    let taken = 0;
    let ties = 0;
    for (let step = firstStep; step > 0;) {
      const reply = await this.#page(kind, [id, run], mark, taken, step);
      if (reply === null) {
        this.#marks.delete(name);
        yield { state: 'absent' };
        return;
      }
      if (Buffer.isBuffer(reply)) {
        const message = `the key holds a ${reply.toString()}, not a sorted set`;
        yield { state: 'unfit', reason: new Unfit('E_TYPE', undefined, message) };
        return;
      }
      const [created, known, score, below, nextStep, ...members] = reply;
      if (known === 0) {
        mark = { score: '-inf', below: 0 };
        taken = 0;
        continue;
      }
      const points = members.filter((member) => typeof member !== 'number');
      for (const bytes of members) {
        if (typeof bytes !== 'number') continue;
        const reason = tooLarge(bytes, this.#connection.maxRecordBytes);
        yield { state: 'unfit', reason, part: `a point of ${bytes} bytes` };
      }
      if (points.length > 0)
        yield { state: 'found', records: points.map((member) => point(kind, id, run, created, member)) };
      if (members.length > 0) this.#keep(name, { score: score.toString(), below });
      taken += members.length;
      if (members.length > 0) ties = mark.below + taken - below;
      step = nextStep;
    }
    if (ties > manyTies) this.#resting.set(name, performance.now() + ties * restMs);
  }

  async #page(
    kind: Kind,
    [id, run]: readonly [Buffer, Buffer],
    { score, below }: Mark,
    taken: number,
    step: number,
  ): Promise<Reply> {
    const [parent] = kind.parents;
    if (parent === undefined) throw new Error(`${kind.name} has no parent`);
    const owner = kindOf(this.#catalogue, parent.kind);
    try {
      return await this.#connection.client.millraceMemberPageBuffer(
        keyOf(kind, id),
        keyOf(owner, run),
        score,
        below,
        taken,
        pageMembers,
        step,
        pageBytes,
        this.#connection.maxRecordBytes,
        owner.created ?? '',
      );
    } catch (error) {
      throw this.#connection.translate(error);
    }
  }

  #keep(name: string, mark: Mark): void {
    this.#marks.delete(name);
    this.#marks.set(name, mark);
    if (this.#marks.size <= keptMarks) return;
    const oldest = this.#marks.keys().next();
    if (!oldest.done) this.#marks.delete(oldest.value);
  }
}

const point = (kind: Kind, id: Buffer, run: Buffer, created: Buffer | null, member: Buffer): Found => ({
  kind,
  id,
  parents: [{ id: run, created: created ?? undefined }],
  values: [member],
});
