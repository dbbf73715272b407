import { isIP } from 'node:net';

/** The name in a Host header, without port, brackets or a final dot; undefined when it is none. */
export function hostName(header: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/@\s]+))(?::\d{1,5})?$/i.exec(header ?? '');
  return (match?.[1] ?? match?.[2])?.toLowerCase().replace(/\.$/, '');
}

/** An address that only this machine has, or its name. */
export const isLoopback = (name: string): boolean =>
  name === 'localhost' || name === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(name);

/**
 * Whether a browser may have been sent here under this name honestly. DNS rebinding makes a name of the attacker's point to
 * us; an address cannot be made to point elsewhere.
 */
export function isOurName(name: string, host: string, allowed: readonly string[]): boolean {
  return isIP(name) !== 0 || name === 'localhost' || name === host.toLowerCase() || allowed.includes(name);
}
