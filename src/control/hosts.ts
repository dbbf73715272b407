import { isIP } from 'node:net';

/** The name in a Host header, without port, brackets or a final dot; undefined when it is none. */
export function hostName(header: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/@\s]+))(?::\d{1,5})?$/i.exec(header ?? '');
  return (match?.[1] ?? match?.[2])?.toLowerCase().replace(/\.$/, '');
}

/** Whether a name or an address means this machine itself. */
export const isLoopback = (name: string): boolean =>
  name === 'localhost' || name === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(name);

/**
 * Whether a browser may have come to us by this name honestly. By DNS rebinding an attacker makes a name of his own point to us; an
 * address cannot be made to point elsewhere.
 */
export function isOurName(name: string, host: string, allowed: readonly string[]): boolean {
  return isIP(name) !== 0 || name === 'localhost' || name === host.toLowerCase() || allowed.includes(name);
}
