import type { KeyTruth, WalkPage } from '../../../src/aliases/source/key-truth';
import type { Keyspace } from '../../../src/mapping/documents';

/** A truth that is a map in memory: the names of keys, and their values. */
export class MemoryTruth implements KeyTruth {
  readonly keyspace: Keyspace;
  readonly rows = new Map<string, string>();
  readonly live = true;

  constructor(keyspace: Keyspace, rows: Readonly<Record<string, string>> = {}) {
    this.keyspace = keyspace;
    for (const [name, value] of Object.entries(rows)) this.rows.set(name, value);
  }

  refresh(): void {
    // It is always as it is now.
  }

  lookUp(names: readonly string[]): readonly string[] {
    return names.map((name) => this.rows.get(name) ?? '');
  }

  absent(names: readonly string[]): readonly number[] {
    return names.flatMap((name, position) => (this.rows.has(name) ? [] : [position]));
  }

  countUnkeyed(): number {
    return 0;
  }

  walk(from: unknown, maximum: number): WalkPage {
    const names = [...this.rows.keys()].sort();
    const start = typeof from === 'string' ? names.findIndex((name) => name > from) : 0;
    const aliases = start < 0 ? [] : names.slice(start, start + maximum);
    const next = aliases.at(-1) === names.at(-1) ? undefined : aliases.at(-1);
    return { aliases, values: this.lookUp(aliases), next, skipped: 0, undecodable: [] };
  }

  unserved(): [] {
    return [];
  }

  undecodable(): [] {
    return [];
  }
}
