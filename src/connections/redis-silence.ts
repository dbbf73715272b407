import type { Socket } from 'node:net';
import type Redis from 'ioredis';
import { ReplyGuard } from './reply-guard';

/** How often a connection that owes an answer is looked at, and how many looks in a row may find nothing new. */
const lookMs = 500;
const fewest = 10;
/** The number doubles after each silence, up to this one: some answers may take a busy server that long each time it is asked. */
const most = 120;
/** A connection that has lived for this many looks puts the number back. */
const calm = 600;
/** How many bytes of a first reply are looked at. */
const longestGreeting = 1_000;

interface Watch {
  /** Bytes that one reply may take in memory. */
  readonly most: number;
  /** Called when a connection is greeted with an error: a server that takes no more clients sends it without having been asked. */
  readonly refused: (message: string) => void;
}

/**
 * Puts a guard before the client's own parser, on every connection that it makes; and gives up a connection that owes an answer while,
 * for 5 s (for the next connection 10, up to a minute), no byte goes in either direction. So a large answer may take as long as it
 * needs, and so may a large value that we send.
 */
export function watchReplies(client: Redis, { most, refused }: Watch): void {
  const patience = { looks: fewest };
  client.on('connect', () => {
    const { stream } = client;
    guard(stream, new ReplyGuard(most));
    // This listener sees each chunk after the guard and the parsers that the guard calls.
    stream.once('data', (chunk: Buffer) => {
      const [, message] = /^-([^\r\n]+)/.exec(chunk.toString('utf8', 0, longestGreeting)) ?? [];
      if (message !== undefined) refused(message);
    });
    listen(client, stream, patience);
  });
}

/** Destroys the stream when the guard refuses a reply: an error thrown in a socket's listener would end the process. */
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

/** Counts looks, not time: after this process was held up, an answer may have come and only wait to be read. */
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

/** How many bytes of the last write the system has not taken yet. */
const unsent = (stream: Socket): number =>
  (stream as unknown as { _handle?: { writeQueueSize?: number } | null })._handle?.writeQueueSize ?? 0;
