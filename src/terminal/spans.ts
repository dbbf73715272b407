import { timestamp } from '../foundation/timestamp';

export const grouped = (count: number): string => count.toLocaleString('en');

export const clock = (at: number): string => timestamp(new Date(at)).slice(11);

export const ago = (ms: number): string => `${span(ms)} ago`;

export const perSecond = (rate: number | null): string =>
  rate === null ? '' : `${grouped(Math.round(rate))}/s`;

/** `42 s`, `3 min`, `5 h 10 min`, `2 d 4 h` */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
