import fastify, { type FastifyInstance } from 'fastify';
import type { Control } from '../control';
import { describeError, fatal } from '../errors';
import type { Log } from '../log';
import type { Metrics } from '../metrics';

/** Tried first when HTTP_PORT says nothing. */
export const defaultHttpPort = 8611;

export interface HttpOptions {
  readonly host: string;
  /** undefined: the default port, or any free one when that is taken. */
  readonly port: number | undefined;
  readonly control: Control;
  readonly metrics: Metrics;
  readonly log: Log;
}

export interface HttpServer {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/**
 * /healthz (the process answers), /readyz (200 while in order, else 503 with the reasons), /metrics (Prometheus), /status.
 * @throws E_HTTP_PORT (fatal) when the configured address cannot be listened on.
 */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  // A keep-alive client must not hold up the stop.
  const server = fastify({ forceCloseConnections: true });
  const { metrics, control } = options;
  const troubles = () => control.status().troubles;
  server.get('/healthz', () => ({ status: 'alive' }));
  server.get('/readyz', (_request, reply) => {
    const reasons = troubles();
    metrics.ready.set(reasons.length === 0 ? 1 : 0);
    return reply.code(reasons.length === 0 ? 200 : 503).send({ ready: reasons.length === 0, reasons });
  });
  server.get('/status', () => control.status());
  server.get('/metrics', async (_request, reply) => {
    metrics.ready.set(troubles().length === 0 ? 1 : 0);
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
  return { url: await listen(server, options), close: () => server.close() };
}

async function listen(server: FastifyInstance, { host, port, log }: HttpOptions): Promise<string> {
  try {
    return await server.listen({ host, port: port ?? defaultHttpPort });
  } catch (error) {
    const { code, message } = describeError(error);
    if (port === undefined && code === 'EADDRINUSE') {
      const url = await server.listen({ host, port: 0 });
      log.warn(`port ${defaultHttpPort} is taken; health and metrics are at ${url}`, { event: 'http.port' });
      return url;
    }
    throw fatal(`cannot listen on ${host} port ${port ?? defaultHttpPort}: ${message}`, {
      code: 'E_HTTP_PORT',
      cause: error,
      hint: 'Set HTTP_PORT to a free port (0 takes any) and HTTP_HOST to an address of this machine.',
    });
  }
}
