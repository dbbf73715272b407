const sizes: readonly (readonly [number, string])[] = [
  [1024 ** 3, 'GB'],
  [1024 ** 2, 'MB'],
  [1024, 'KB'],
];

/** `12 MB`. */
export function memory(bytes: number): string {
  const [unit, name] = sizes.find(([size]) => bytes >= size) ?? [1, 'bytes'];
  return `${Math.round(bytes / unit)} ${name}`;
}

const spans: readonly (readonly [number, string])[] = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
];

/** `2 hours`, rounded up. @param ms of time */
export function lifetime(ms: number): string {
  const [unit, name] = spans.find(([span]) => ms > span) ?? [1_000, 'second'];
  const count = Math.ceil(ms / unit);
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}
