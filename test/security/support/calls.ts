import type Redis from 'ioredis';

/** The commands that connections have called, also from within scripts, by the kind of connection. */
export interface Calls {
  /** Of connections whose name passes. */
  readonly by: (name: (connection: string) => boolean) => ReadonlySet<string>;
  readonly stop: () => void;
}

/** Those whose first argument says what they do: `config|get`. */
const containers = new Set(['client', 'config', 'function', 'memory', 'xinfo']);

/** Listens with MONITOR, which tells of everything but administrators' commands (CONFIG). */
export async function listenToCalls(admin: Redis): Promise<Calls> {
  // It may be ended after its server, which ioredis would wait for.
  const monitor = await admin.duplicate({ lazyConnect: true, disconnectTimeout: 50 }).monitor();
  const names = new Map<string, string>();
  const called = new Map<string, Set<string>>();
  let caller = '';
  monitor.on(
    'monitor',
    (_time: string, [command = '', first = '', second = '']: string[], source: string) => {
      // A script's calls follow the command that ran it.
      if (source !== 'lua') caller = source;
      const name = command.toLowerCase();
      const full = containers.has(name) ? `${name}|${first.toLowerCase()}` : name;
      if (full === 'client|setname') names.set(caller, second);
      called.set(caller, (called.get(caller) ?? new Set()).add(full));
    },
  );
  return {
    by: (passes) =>
      new Set(
        [...called].flatMap(([source, commands]) => (passes(names.get(source) ?? '') ? [...commands] : [])),
      ),
    stop: () => monitor.disconnect(),
  };
}
