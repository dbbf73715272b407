/** The kinds that only ever grow: all others are referred to, or change. */
export const retainedKinds = ['prediction', 'metric'] as const;
export type RetainedKind = (typeof retainedKinds)[number];

/** After how many days records of a kind leave Redis; kinds that are not named stay. */
export type RetentionPolicy = Readonly<Partial<Record<RetainedKind, number>>>;

/** A century: what is written before it is a mistake rather than a wish. */
const mostDays = 36_500;
const grammar = `must be whole days from 1 to ${mostDays}, for both kinds (90) or by kind (prediction=90,metric=365)`;

/** Parses `90`, or `prediction=90,metric=365`; kinds or their tables. A string says what is wrong. */
export function parseRetention(text: string): RetentionPolicy | string {
  if (!text.includes('=')) {
    const days = daysIn(text);
    return days === undefined ? grammar : { prediction: days, metric: days };
  }
  const policy: Partial<Record<RetainedKind, number>> = {};
  for (const part of text.split(',')) {
    const [name = '', value = '', ...rest] = part.split('=').map((one) => one.trim().toLowerCase());
    const kind = retainedKinds.find((one) => one === name || `${one}s` === name);
    if (kind === undefined) return `${grammar}: "${name}" is not kept for a time`;
    if (policy[kind] !== undefined) return `${grammar}: "${name}" is there twice`;
    const days = daysIn(value);
    if (days === undefined || rest.length > 0) return grammar;
    policy[kind] = days;
  }
  return policy;
}

function daysIn(text: string): number | undefined {
  if (!/^\s*\d{1,5}\s*$/.test(text)) return undefined;
  const days = Number(text);
  return days >= 1 && days <= mostDays ? days : undefined;
}
