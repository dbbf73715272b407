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

  lookUp(names: readonly string[], most = Infinity): readonly string[] {
    const values: string[] = [];
    let characters = 0;
    for (const name of names) {
      const value = this.rows.get(name) ?? '';
      characters += value.length;
      if (characters > most && values.length > 0) break;
      values.push(value);
    }
    return values;
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
    return {
      aliases,
      values: aliases.map((name) => this.rows.get(name) ?? ''),
      next,
      skipped: 0,
      undecodable: [],
    };
  }

  unserved(): [] {
    return [];
  }

  undecodable(): [] {
    return [];
  }
}
