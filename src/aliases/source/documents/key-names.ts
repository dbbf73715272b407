import type { KeyTemplate } from '../../../mapping/documents';

/** The values of the key columns as text, in the order of the template. */
export type KeyParts = readonly string[];

/**
 * The name of a key: what comes behind the template's first literal.
 * @returns undefined when the name would be read back as another key, because a value holds the literal behind it
 */
export function nameOf({ parts }: KeyTemplate, values: KeyParts): string | undefined {
  const [only] = parts;
  const [value = ''] = values;
  if (parts.length === 1 && only !== undefined) return only.after === '' ? value : value + only.after;
  let name = '';
  for (const [position, { after }] of parts.entries()) {
    const text = values[position] ?? '';
    const start = name.length;
    name += text + after;
    if (position < parts.length - 1 && name.indexOf(after, start) !== start + text.length) return undefined;
  }
  return name;
}

/** The values that a name stands for: each as short as the literal behind it allows. @returns undefined when it fits the template not at all */
export function partsOf({ parts }: KeyTemplate, name: string): KeyParts | undefined {
  const values: string[] = [];
  let start = 0;
  for (const [position, { after }] of parts.entries()) {
    const last = position === parts.length - 1;
    const end = !last ? name.indexOf(after, start) : name.endsWith(after) ? name.length - after.length : -1;
    if (end < start) return undefined;
    values.push(name.slice(start, end));
    start = end + after.length;
  }
  return values;
}
