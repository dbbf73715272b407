import fastify, { type FastifyInstance } from 'fastify';
import type { Control } from '../control/control';
import { describeError, fatal } from '../foundation/errors';
import { harmlessJson } from '../foundation/harmless';
import type { Log } from '../log/log';
import type { Metrics } from '../metrics/metrics';
import { apiRoutes, type LiveState } from './api';
import { limitConnections, patience } from './limit-connections';
import { type GuardOptions, createGuard } from './guard';
import { History, stepMs } from './history';
import { defaultHttpPort } from '../config/names';
import { isLoopback } from '../control/hosts';
import type { Catalogue } from '../mapping/kinds';
import { Live } from './live';
import { pageRoutes, securityHeaders } from './page';
import { badRequest, refuse } from './refusal';

export interface HttpOptions extends GuardOptions {
  /** The port; undefined: the default one, or any free one if that is taken. */
  readonly port: number | undefined;
  readonly control: Control;
  /** Whose kinds may be asked for. */
  readonly catalogue: Catalogue;
  readonly metrics: Metrics;
  readonly log: Log;
}

export interface HttpServer {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/**
 * The dashboard at /, its /api, and /healthz (the process answers), /readyz (200 while in order, else 503 with the reasons),
 * /metrics (Prometheus), /status.
 * @throws E_HTTP_PORT (fatal) when the configured address cannot be listened on.
 */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  // forceCloseConnections: a keep-alive client, or a dashboard, must not hold up the stop.
  const server = fastify({ ...patience, forceCloseConnections: true, bodyLimit: 64 * 1_024 });
  const exempt = limitConnections(server.server);
  const { control, catalogue, log } = options;
  const guard = createGuard(options);
  const history = new History(control);
  const live = new Live((): LiveState => {
    return { at: Date.now(), status: control.status(), sample: history.samples.at(-1) ?? null };
  });
  const sampling = setInterval(() => {
    try {
      live.tell('sample', history.take());
    } catch (error) {
      log.failure('warn', error, { event: 'http.sample' }); // only the charts lack a sample: no reason to end the daemon
    }
  }, stepMs).unref();

  // People read answers in a terminal (curl), too: nothing in them may control it.
  server.setReplySerializer((payload) => harmlessJson(payload));
  server.setErrorHandler((error, _request, reply) => refuse(reply, error));
  server.setNotFoundHandler((_request, reply) =>
    refuse(reply, badRequest('there is nothing here', 'The dashboard is at /.', 404)),
  );
  await securityHeaders(server);
  // If we listen on an address of the network, probes and Prometheus may call us by names that we do not know. These three routes tell
  // nothing of records.
  const probed = isLoopback(options.host) ? [] : ['/healthz', '/readyz', '/metrics'];
  server.addHook('onRequest', (request, _reply, done) => {
    if (!probed.includes(request.routeOptions.url ?? '')) guard.checkHost(request);
    done();
  });
  pageRoutes(server);
  healthRoutes(server, options);
  server.get('/status', { onRequest: guard.reading }, () => control.status());
  await server.register(
    (api, _options, done) => {
      api.addHook('onSend', (_request, reply, payload, next) => {
        void reply.header('cache-control', 'no-store');
        next(null, payload);
      });
      apiRoutes(api, { control, catalogue, history, live, guard, log, exempt });
      done();
    },
    { prefix: '/api' },
  );
  return {
    url: await listen(server, options),
    close: async () => {
      clearInterval(sampling);
      history.close();
      live.close();
      await server.close();
    },
  };
}

function healthRoutes(server: FastifyInstance, { metrics, control }: HttpOptions): void {
  const troubles = () => control.status().troubles;
  server.get('/healthz', () => ({ status: 'alive' }));
  server.get('/readyz', (_request, reply) => {
    const reasons = troubles();
    metrics.ready.set(reasons.length === 0 ? 1 : 0);
    return reply.code(reasons.length === 0 ? 200 : 503).send({ ready: reasons.length === 0, reasons });
  });
  server.get('/metrics', async (_request, reply) => {
    metrics.ready.set(troubles().length === 0 ? 1 : 0);
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
}

async function listen(server: FastifyInstance, { host, port, log }: HttpOptions): Promise<string> {
  try {
    return await server.listen({ host, port: port ?? defaultHttpPort });
  } catch (error) {
    const { code, message } = describeError(error);
    if (port === undefined && code === 'EADDRINUSE') {
      const url = await server.listen({ host, port: 0 });
      log.warn(`port ${defaultHttpPort} is taken; dashboard, health and metrics are at ${url}`, {
        event: 'http.port',
      });
      return url;
    }
    throw fatal(`cannot listen on ${host} port ${port ?? defaultHttpPort}: ${message}`, {
      code: 'E_HTTP_PORT',
      cause: error,
      hint: 'Set HTTP_PORT to a free port (0 takes any) and HTTP_HOST to an address of this machine.',
    });
  }
}
