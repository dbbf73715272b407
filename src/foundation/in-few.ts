const most = 5;

/** A list in one line, however long it is: the first few, and how many more. */
export function inFew(items: readonly string[]): string {
  if (items.length <= most + 1) return items.join(', ');
  return `${items.slice(0, most).join(', ')} and ${items.length - most} more`;
}
