import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, symlinkSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot, readAsset } from '../../src/foundation/package-root';

interface Offered {
  readonly manifest: Readonly<Record<string, unknown>> & { readonly version: string };
  readonly folder: string;
}

interface Locked {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
}

export interface Registry {
  readonly url: string;
  /** Offers one more package, that in the folder. */
  readonly offer: (folder: string) => void;
}

/**
 * A registry of npm that has the packages of production as they are installed here, and no other: what is installed from it needs no
 * network, and nothing that is not in package.json. What a compiler or debugger needs of a package, or has left in it, is not served. Call
 * inside `beforeAll`.
 */
export async function localRegistry(workFolder: string): Promise<Registry> {
  const offered = new Map<string, Offered[]>();
  const offer = (folder: string) => {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Offered['manifest'];
    const name = String(manifest['name']);
    offered.set(name, [...(offered.get(name) ?? []), { manifest, folder }]);
  };
  const { packages } = JSON.parse(readAsset('package-lock.json')) as Locked;
  for (const [path, { dev }] of Object.entries(packages))
    if (path !== '' && dev !== true && existsSync(join(packageRoot, path))) offer(join(packageRoot, path));

  const server = createServer(({ url = '', headers }, response) => {
    const [name = '', version] = decodeURIComponent(url).slice(1).split('/-/');
    const found = offered.get(name) ?? [];
    const base = `http://${String(headers.host)}`;
    const one = found.find(({ manifest }) => version === `${manifest.version}.tgz`);
    if (one !== undefined) void tarball(workFolder, one.folder).then((bytes) => response.end(bytes));
    else if (found.length > 0) describe(response, base, name, found);
    else response.writeHead(404).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, offer };
}

const servers: Server[] = [];
afterAll(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

function describe(response: ServerResponse, base: string, name: string, found: readonly Offered[]): void {
  const versions = found.map(({ manifest }) => [
    manifest.version,
    { ...manifest, dist: { tarball: `${base}/${encodeURIComponent(name)}/-/${manifest.version}.tgz` } },
  ]);
  const latest = found[0]?.manifest.version;
  response.end(
    JSON.stringify({ name, 'dist-tags': { latest }, versions: Object.fromEntries(versions) as unknown }),
  );
}

/** The folder as `package/`, as npm has it, without what was installed or compiled in it. */
async function tarball(workFolder: string, folder: string): Promise<Buffer> {
  const staged = mkdtempSync(join(workFolder, 'packed-'));
  symlinkSync(folder, join(staged, 'package'));
  const compiled = existsSync(join(folder, 'binding.gyp')) ? ['build', 'deps', 'src'] : [];
  const left = compiled.map((name) => `--exclude=package/${name}`);
  const { stdout } = await promisify(execFile)(
    'tar',
    ['-C', staged, '--exclude=package/node_modules', '--exclude=*.map', ...left, '-chf', '-', 'package'],
    { encoding: 'buffer', maxBuffer: 256 << 20 },
  );
  return stdout;
}
