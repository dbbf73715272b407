import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join, relative, sep } from 'node:path';
import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';
import { packageRoot } from '../foundation/package-root';

const folder = join(packageRoot, 'src', 'http', 'dashboard');
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The content security policy: everything comes from this server, nothing is inline, and text never becomes a script. */
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

/** The headers of every answer. */
export async function securityHeaders(server: FastifyInstance): Promise<void> {
  await server.register(helmet, {
    contentSecurityPolicy: policy,
    // We speak plain HTTP, so only a proxy in front of us knows whether there is TLS.
    strictTransportSecurity: false,
    xFrameOptions: { action: 'deny' },
  });
}

/** The page and its files. They hold no data, so anybody may have them. */
export function pageRoutes(server: FastifyInstance): void {
  const uplot = dirname(require.resolve('uplot'));
  serve(server, '/', join(folder, 'index.html'));
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isFile()) serve(server, `/assets/${relative(folder, file).replaceAll(sep, '/')}`, file);
  }
  for (const name of ['uPlot.iife.min.js', 'uPlot.min.css'])
    serve(server, `/assets/uplot/${name}`, join(uplot, name));
}

/** Serves one file, read once (all together 120 KB). With a route for each file there is no path to be forged. */
function serve(server: FastifyInstance, route: string, file: string): void {
  const body = readFileSync(file);
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
  server.get(route, (request, reply) => {
    // The browser has to ask each time, so that it never shows the page of an older version with a newer daemon.
    void reply.header('cache-control', 'no-cache').header('etag', etag);
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    return reply.type(types[extname(file)] ?? 'application/octet-stream').send(body);
  });
}
