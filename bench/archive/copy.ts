import { once } from 'node:events';
import type { Client } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { timed } from '../clock';

/** Rows as the text of COPY, ready to be sent in one transaction: pieces, and how many rows they are. */
export interface Block {
  readonly pieces: readonly Buffer[];
  readonly rows: number;
}

const newline = 0x0a;

/** Everything of a query, cut into blocks of so many rows. In the text of COPY a newline ends a row and nothing else. */
export async function readBlocks(
  client: Client,
  query: string,
  rowsInBlock: number,
): Promise<readonly Block[]> {
  const blocks: Block[] = [];
  let pieces: Buffer[] = [];
  let rows = 0;
  for await (const chunk of client.query(copyTo(`COPY (${query}) TO STDOUT`)) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, at + 1)) {
      if (++rows < rowsInBlock) continue;
      pieces.push(chunk.subarray(start, at + 1));
      blocks.push({ pieces, rows });
      [pieces, rows, start] = [[], 0, at + 1];
    }
    if (start < chunk.length) pieces.push(chunk.subarray(start));
  }
  if (rows > 0) blocks.push({ pieces, rows });
  return blocks;
}

/**
 * Writes the blocks, each in a transaction of its own; several connections take turns.
 * @returns milliseconds from the first BEGIN to the last reply to COMMIT
 */
export function copyBlocks(
  clients: readonly Client[],
  target: string,
  blocks: readonly Block[],
): Promise<number> {
  let next = 0;
  const work = async (client: Client) => {
    for (let block = blocks[next++]; block !== undefined; block = blocks[next++]) {
      await client.query('BEGIN');
      await copyBlock(client, target, block);
      await client.query('COMMIT');
    }
  };
  return timed(() => Promise.all(clients.map(work)));
}

async function copyBlock(client: Client, target: string, { pieces, rows }: Block): Promise<void> {
  const stream = client.query(copyFrom(`COPY ${target} FROM STDIN`));
  const finished = once(stream, 'finish');
  finished.catch(() => undefined); // awaited below
  for (const piece of pieces) if (!stream.write(piece)) await Promise.race([once(stream, 'drain'), finished]);
  stream.end();
  await finished;
  if (stream.rowCount !== rows) throw new Error(`COPY took ${stream.rowCount} of ${rows} rows`);
}
