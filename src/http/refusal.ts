import type { FastifyReply } from 'fastify';
import { describeError, isFatal, MillraceError } from '../foundation/errors';

/** Thrown for a request that is refused, with the status code of the answer. */
export class RefusedRequest extends MillraceError {
  readonly status: number;

  constructor(status: number, message: string, details: { readonly code: string; readonly hint?: string }) {
    super('fatal', message, details);
    this.status = status;
  }
}

export const badRequest = (message: string, hint: string, status = 400): RefusedRequest =>
  new RefusedRequest(status, message, { code: 'E_HTTP_REQUEST', hint });

const statuses: Readonly<Record<string, number>> = { E_PAUSED: 409, E_NOT_RUN: 409, E_STOPPED: 503 };
/** Messages for requests that Fastify itself refuses, by status code. */
const ofFastify: Readonly<Record<number, string>> = {
  413: 'the body is too large',
  415: 'the body must be JSON: Content-Type: application/json',
};

/** The body and the status code that answer a failure. Texts of errors may quote contents, and are cut. */
function answerOf(error: unknown): { readonly status: number; readonly body: object } {
  const { code, message, hint } = describeError(error);
  const body = (status: number, name = code, text = message) => ({
    status,
    body: { code: name, message: text.slice(0, 500), ...(hint === undefined ? {} : { hint }) },
  });
  if (error instanceof RefusedRequest) return body(error.status);
  const known = statuses[code];
  if (known !== undefined) return body(known);
  if (error instanceof MillraceError) return body(isFatal(error) ? 500 : 503);
  const status =
    typeof error === 'object' && error !== null && 'statusCode' in error ? Number(error.statusCode) : 500;
  return status >= 400 && status < 500 ? body(status, 'E_HTTP_REQUEST', ofFastify[status]) : body(500);
}

export const refuse = (reply: FastifyReply, error: unknown): FastifyReply => {
  const { status, body } = answerOf(error);
  if (status === 429) void reply.header('retry-after', '60');
  if (status === 401) void reply.header('www-authenticate', 'Bearer realm="millrace"');
  return reply.code(status).header('cache-control', 'no-store').send(body);
};
