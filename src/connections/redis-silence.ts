import type { Socket } from 'node:net';
import type Redis from 'ioredis';
import { ReplyGuard } from './reply-guard';

/** How often a connection that owes an answer is looked at, and how many looks in a row may find nothing new: */
const lookMs = 500;
const fewest = 10;
/** twice as many after each silence, for the answer to some questions takes a busy server that long whenever it is asked; */
const most = 120;
/** until a connection has lived for so many. */
const calm = 600;
/** Bytes of a first reply that are looked at. */
const longestGreeting = 1_000;

interface Watch {
  /** Bytes that one reply may take in memory. */
  readonly most: number;
  /** A connection that was greeted with an error: a server that takes no more clients says so once, to nothing that was asked. */
  readonly refused: (message: string) => void;
}

/**
 * Puts a guard before the client's own parser, on every connection that it makes; and gives up one that owes an answer and is
 * silent for 5 s (the next for 10, up to a minute), in both directions: a large answer may take as long as it needs, and so may a
 * large value that we send.
 */
export function watchReplies(client: Redis, { most, refused }: Watch): void {
  const patience = { looks: fewest };
  client.on('connect', () => {
    const { stream } = client;
    guard(stream, new ReplyGuard(most));
    // This listener comes after the guard, which calls those that were there before it for every chunk.
    stream.once('data', (chunk: Buffer) => {
      const [, message] = /^-([^\r\n]+)/.exec(chunk.toString('utf8', 0, longestGreeting)) ?? [];
      if (message !== undefined) refused(message);
    });
    listen(client, stream, patience);
  });
}

/** What is thrown in a socket's listener would end the process. */
function guard(stream: Socket, replies: ReplyGuard): void {
  const parsers = stream.listeners('data') as ((chunk: Buffer) => void)[];
  stream.removeAllListeners('data').on('data', (chunk: Buffer) => {
    try {
      replies.read(chunk);
      for (const parse of parsers) parse(chunk);
    } catch (error) {
      stream.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

/** By looks, not by the clock: when this process itself was held up, what has come meanwhile waits to be read. */
function listen(client: Redis, stream: Socket, patience: { looks: number }): void {
  let looks = 0;
  let silent = 0;
  let before = '';
  const look = setInterval(() => {
    const now = `${stream.bytesRead} ${unsent(stream)}`;
    silent = client.commandQueue.length > 0 && now === before ? silent + 1 : 0;
    before = now;
    if (++looks >= calm) patience.looks = fewest;
    if (silent < patience.looks) return;
    patience.looks = Math.min(patience.looks * 2, most);
    silent = 0;
    stream.destroy(new Error('Command timed out'));
  }, lookMs);
  look.unref();
  stream.once('close', () => {
    clearInterval(look);
  });
}

/** Bytes of what was handed to the system last that it has not taken yet. */
const unsent = (stream: Socket): number =>
  (stream as unknown as { _handle?: { writeQueueSize?: number } | null })._handle?.writeQueueSize ?? 0;
