/** Quotes an SQLite identifier that the catalogue has confirmed. The one place where identifiers enter SQL text. */
export const quoteIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Quotes a string literal; for trigger text, where nothing can be bound. */
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Fills `{{name}}` places of a template file and drops its leading comment lines, which explain the file, not the object. */
export function fillTemplate(template: string, values: Readonly<Record<string, string>>): string {
  return template
    .replace(/^(--.*\n)+/, '')
    .replace(/\{\{(\w+)\}\}/g, (place, name: string) => {
      const value = values[name];
      if (value === undefined) throw new Error(`template place ${place} has no value`);
      return value;
    })
    .trimEnd();
}
