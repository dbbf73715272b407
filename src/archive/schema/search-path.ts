/** The names in a search_path setting, as written but unquoted: `"$user", public` -> [`$user`, `public`]. */
export function parseSearchPath(setting: string): readonly string[] {
  const names: string[] = [];
  for (const [, quoted, plain] of setting.matchAll(/"((?:[^"]|"")*)"|([^",\s]+)/g)) {
    names.push(quoted === undefined ? (plain ?? '').toLowerCase() : quoted.replaceAll('""', '"'));
  }
  return names;
}

/**
 * A schema that the path names before the first one that can be used: it is missing, or this role has no rights on it, and Postgres
 * would silently use the next one.
 */
export function skippedTarget(server: {
  readonly searchPath: string;
  readonly usableSchemas: readonly string[];
  readonly role: string;
}): string | undefined {
  for (const name of parseSearchPath(server.searchPath)) {
    if (['pg_catalog', 'pg_temp', 'millrace'].includes(name)) continue;
    if (name !== '$user') return server.usableSchemas.includes(name) ? undefined : name;
    if (server.role !== 'millrace' && server.usableSchemas.includes(server.role)) return undefined;
  }
  return undefined;
}
