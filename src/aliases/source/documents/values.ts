import type { DocumentForm } from '../../../mapping/documents';
import { renderIds } from '../ids';
import { longestValue } from './outputs';

/** The value of a key, or why it can have none. */
export type Rendered = { readonly value: string } | { readonly fault: string };

/** What the rows of one key contribute, as `outputsOf` reads them; the score of a zset beside each. */
export interface Contributions {
  rows: number;
  readonly texts: string[];
  readonly scores: unknown[];
  bytes: number;
  fault: string | undefined;
}

export const nothing = (): Contributions => ({ rows: 0, texts: [], scores: [], bytes: 0, fault: undefined });

/** Adds a row. Of a value that becomes too large nothing is kept. @param text null: the row contributes nothing */
export function contribute(to: Contributions, text: string | null, score: unknown): void {
  to.rows++;
  if (text === null || to.fault !== undefined) return;
  to.bytes += text.length;
  if (text.startsWith('!')) to.fault = text.slice(1);
  else if (to.bytes > longestValue) to.fault = `the value is larger than ${longestValue} bytes`;
  else {
    to.texts.push(text);
    to.scores.push(score);
  }
  if (to.fault === undefined) return;
  to.texts.length = 0;
  to.scores.length = 0;
}

const none: Rendered = { value: '' };

/** Puts the rows of one key together. Their order makes no difference. */
export function render(form: DocumentForm, { rows, texts, scores, fault }: Contributions): Rendered {
  if (fault !== undefined) return { fault };
  const [first] = texts;
  if (first === undefined) return none;
  switch (form.type) {
    case 'json':
    case 'hash':
    case 'string':
      if (rows > 1) return { fault: 'two rows yield this key' };
      return form.type === 'json' ? { value: first } : { value: single(form.type, first) };
    case 'list':
      return { value: renderIds(texts.map((text) => text.slice(1))) };
    case 'set':
      return { value: JSON.stringify([...new Set(texts.map((text) => text.slice(1)))].sort()) };
    case 'zset':
      return scored(texts, scores);
  }
}

function single(type: 'hash' | 'string', text: string): string {
  if (type === 'string') return text.slice(1);
  if (!text.includes(':null')) return text;
  // A field of a hash is there or not: NULL is its absence.
  const fields = Object.entries(JSON.parse(text) as Record<string, string | null>);
  const there = fields.filter(([, value]) => value !== null);
  return there.length === 0 ? '' : JSON.stringify(Object.fromEntries(there));
}

/** Of a member that several rows score, the greatest score counts. */
function scored(texts: readonly string[], scores: readonly unknown[]): Rendered {
  const best = new Map<string, number>();
  for (const [position, text] of texts.entries()) {
    const score = scores[position];
    if (typeof score !== 'number' || Number.isNaN(score)) return { fault: 'a score is no number' };
    const member = text.slice(1);
    best.set(member, Math.max(score, best.get(member) ?? -Infinity));
  }
  const pairs = [...best].sort(([one], [other]) => (one < other ? -1 : 1));
  return { value: JSON.stringify(pairs.map(([member, score]) => [member, scoreText(score)])) };
}

/** As Redis reads it. */
const scoreText = (score: number): string =>
  score === Infinity ? 'inf' : score === -Infinity ? '-inf' : String(Object.is(score, -0) ? 0 : score);
