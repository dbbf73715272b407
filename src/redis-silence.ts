import type { Socket } from 'node:net';
import type Redis from 'ioredis';
import { ReplyGuard } from './reply-guard';

/** How often a connection that owes an answer is looked at, and how many looks in a row may find nothing new. */
const lookMs = 500;
const patience = 10;
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
 * silent for 5 s, in both directions: a large answer may take as long as it needs, and so may a large value that we send.
 */
export function watchReplies(client: Redis, { most, refused }: Watch): void {
  client.on('connect', () => {
    const { stream } = client;
    stream.once('data', (chunk: Buffer) => {
      const [, message] = /^-([^\r\n]+)/.exec(chunk.toString('utf8', 0, longestGreeting)) ?? [];
      if (message !== undefined) refused(message);
    });
    guard(stream, new ReplyGuard(most));
    listen(client, stream);
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
function listen(client: Redis, stream: Socket): void {
  let silent = 0;
  let before = '';
  const look = setInterval(() => {
    const now = `${stream.bytesRead} ${unsent(stream)}`;
    silent = client.commandQueue.length > 0 && now === before ? silent + 1 : 0;
    before = now;
    if (silent >= patience) stream.destroy(new Error('Command timed out'));
  }, lookMs);
  look.unref();
  stream.once('close', () => {
    clearInterval(look);
  });
}

/** Bytes of what was handed to the system last that it has not taken yet. */
const unsent = (stream: Socket): number =>
  (stream as unknown as { _handle?: { writeQueueSize?: number } | null })._handle?.writeQueueSize ?? 0;
