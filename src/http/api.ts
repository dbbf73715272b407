import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { DaemonStatus } from '../control/daemon-status';
import { meantBy, type PipelineName, pipelineWords, spokenNames } from '../config/names';
import { letterRoutes } from './api-letters';
import { mappingRoutes } from './api-mappings';
import type { Sample } from './history';
import { stepMs } from './history';
import { badRequest } from './refusal';
import type { ApiParts } from './parts';

/** A `status` event: everything the page shows but the charts and the parked records. */
export interface LiveState {
  /** The daemon's clock, for ages. */
  readonly at: number;
  readonly status: DaemonStatus;
  /** The newest sample, whose rates are of the last few seconds. */
  readonly sample: Sample | null;
}

/** The answer of GET /api/access. */
export interface AccessAnswer {
  /** Whether a token is set: whoever has it can change something. */
  readonly actions: boolean;
  /** Whether this browser may look without the token. */
  readonly open: boolean;
}

export interface HistoryAnswer {
  readonly at: number;
  readonly stepMs: number;
  readonly samples: readonly Sample[];
}

/** How long a request waits for its full pass: that of a small store is over by then, and its report is the answer. */
const passPatienceMs = 2_000;

const params = z.object({ name: z.enum(pipelineWords).transform((word) => meantBy(word)) });

export function apiRoutes(server: FastifyInstance, parts: ApiParts): void {
  const { control, history, live, guard, log, exempt } = parts;

  server.get('/access', { onRequest: guard.own }, (request): AccessAnswer => {
    return { actions: guard.actions, open: guard.isLocal(request) };
  });
  /** Answers only if the token is right. */
  server.post('/access', { onRequest: guard.changing }, () => ({ ok: true }));

  const looking = { onRequest: guard.reading };
  server.get('/history', looking, (): HistoryAnswer => ({
    at: Date.now(),
    stepMs,
    samples: history.samples,
  }));
  server.get('/live', looking, (request, reply) => {
    const stream = live.join(guard.hasToken(request));
    exempt(request.socket);
    // Without this header nginx would hold events back until its buffer is full.
    return reply.header('content-type', 'text/event-stream').header('x-accel-buffering', 'no').send(stream);
  });
  letterRoutes(server, parts);
  mappingRoutes(server, parts);

  const asked = (what: string, name: PipelineName, { ip }: FastifyRequest) => {
    log.info(`${name}: ${what} asked for by the dashboard at ${ip}`, {
      event: `http.${what}`,
      pipeline: name,
    });
  };
  const action = { onRequest: guard.changing };
  server.post('/pipelines/:name/pause', action, async (request) => {
    const name = pipelineOf(request);
    asked('pause', name, request);
    await control.pause(name, `dashboard (${request.ip})`);
    return { paused: true };
  });
  server.post('/pipelines/:name/resume', action, async (request) => {
    const name = pipelineOf(request);
    asked('resume', name, request);
    await control.resume(name);
    return { paused: false };
  });
  server.post('/pipelines/:name/reconcile', action, async (request, reply) => {
    const name = pipelineOf(request);
    asked('reconcile', name, request);
    const pass = control.reconcile(name);
    const slow = Symbol('slow');
    const report = await Promise.race([pass, after(passPatienceMs, slow)]);
    if (report !== slow) return { report };
    pass.catch((error: unknown) => {
      log.failure('warn', error, { event: 'http.reconcile', pipeline: name });
    });
    return reply.code(202).send({ running: true });
  });
}

function pipelineOf(request: FastifyRequest): PipelineName {
  const parsed = params.safeParse(request.params);
  if (parsed.success) return parsed.data.name;
  throw badRequest(
    'there is no such pipeline',
    `They are ${spokenNames.join(' and ')}; aliases is the old name of ${spokenNames[0]}.`,
    404,
  );
}

const after = <T>(ms: number, value: T): Promise<T> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms, value).unref();
  });
