import { dirname, join } from 'node:path';
import helmet from '@fastify/helmet';
import files from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { packageRoot } from '../package-root';

const root = join(packageRoot, 'src', 'status', 'dashboard');
const uplot = dirname(require.resolve('uplot'));

/** Everything from here, nothing inline, and no way to make a script out of text. */
const policy = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'"],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
    requireTrustedTypesFor: ["'script'"],
    trustedTypes: ["'none'"],
  },
};

/** The headers of every answer, and the page with its files. They hold no data, so anybody may have them. */
export async function pageRoutes(server: FastifyInstance): Promise<void> {
  await server.register(helmet, {
    contentSecurityPolicy: policy,
    // Whether there is TLS is for a proxy in front to say.
    strictTransportSecurity: false,
    xFrameOptions: { action: 'deny' },
  });
  // Changed files are noticed by their ETag: the page of an older version must not meet a newer daemon.
  await server.register(files, { root, prefix: '/assets/', index: false, cacheControl: false });
  server.get('/', (_request, reply) => reply.header('cache-control', 'no-cache').sendFile('index.html'));
  for (const name of ['uPlot.iife.min.js', 'uPlot.min.css'])
    server.get(`/assets/uplot/${name}`, (_request, reply) => reply.sendFile(name, uplot));
}
