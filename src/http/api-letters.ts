import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Catalogue } from '../mapping/kinds';
import type { Control } from '../control/control';
import { notRun } from '../config/left-out';
import type { DeadLetterStore, Letter, LetterFilter, LetterGroup } from '../archive/letters/letter-store';
import type { ApiParts } from './parts';
import { badRequest } from './refusal';

export interface LettersAnswer {
  readonly letters: readonly Letter[];
  /** How many letters match the filter, on all pages. */
  readonly total: number;
  /** The value of `after` for the next page; null: this is the last one. */
  readonly next: string | null;
  readonly groups: readonly LetterGroup[];
}

const pageSize = 50;
/** The most characters of a message: one of Postgres may quote a whole document. */
const shown = 600;

const id = z.string().regex(/^\d{1,18}$/);

function forms(catalogue: Catalogue) {
  const filter = {
    kind: z
      .string()
      .refine((text) => catalogue.has(text) || text === '?')
      .optional(),
    code: z
      .string()
      .regex(/^\w{1,40}$/)
      .optional(),
  };
  return {
    listQuery: z.strictObject({ ...filter, after: id.default('0') }),
    retryBody: z.union([
      z.strictObject({ ids: z.array(id).min(1).max(1_000) }),
      z.strictObject({ ...filter, all: z.literal(true) }),
    ]),
  };
}

/** The routes for parked records: to see them page by page, and to have them tried again. */
export function letterRoutes(server: FastifyInstance, { control, catalogue, guard, log }: ApiParts): void {
  const { listQuery, retryBody } = forms(catalogue);
  server.get('/dead-letters', { onRequest: guard.reading }, async (request): Promise<LettersAnswer> => {
    const parsed = listQuery.safeParse(request.query);
    if (!parsed.success) {
      throw badRequest('the query is not understood', 'It may have after (a number), kind and code.');
    }
    const { after, ...wanted } = parsed.data;
    const store = storeOf(control);
    const groups = await store.groups();
    const { letters, total } = await store.list(asFilter(wanted), pageSize, after);
    return {
      letters: letters.map((letter) => ({ ...letter, key: cut(letter.key), message: cut(letter.message) })),
      total: groups
        .filter(({ kind, code }) => kind === (wanted.kind ?? kind) && code === (wanted.code ?? code))
        .reduce((sum, { count }) => sum + count, 0),
      next: total > letters.length ? (letters.at(-1)?.id ?? null) : null,
      groups,
    };
  });
  server.post('/dead-letters/retry', { onRequest: guard.changing }, async (request) => {
    const parsed = retryBody.safeParse(request.body);
    if (!parsed.success) {
      throw badRequest('which ones?', 'Send {"ids": ["17"]}, or {"all": true} with kind and code if wanted.');
    }
    const { data } = parsed;
    const store = storeOf(control);
    const retried = await store.retry('ids' in data ? { ids: data.ids } : asFilter(data));
    log.info(`${retried} parked records are tried again, asked for by the dashboard at ${request.ip}`, {
      event: 'http.retry',
      pipeline: 'archive',
    });
    return { retried };
  });
}

function storeOf(control: Control): DeadLetterStore {
  if (control.deadLetters !== undefined) return control.deadLetters;
  throw notRun('daemon', 'archive', control.status().leftOut);
}

const asFilter = ({
  kind,
  code,
}: {
  kind?: string | undefined;
  code?: string | undefined;
}): LetterFilter => ({
  ids: [],
  ...(kind === undefined ? {} : { kind }),
  ...(code === undefined ? {} : { code }),
});

const cut = (text: string): string => (text.length > shown ? `${text.slice(0, shown)}…` : text);
