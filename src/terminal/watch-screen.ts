import type { AliasStatus } from '../aliases/status';
import type { ArchiveStatus } from '../archive/status';
import type { DaemonStatus } from '../control/daemon-status';
import type { Health } from '../pipeline/health';
import { harmless } from '../foundation/harmless';
import { timestamp } from '../foundation/timestamp';
import { describeIncident } from './describe-incident';
import { cutToWidth } from './display-width';
import { ago, clock, perSecond, span } from './spans';
import { aliasSentences, archiveSentences, overall, type Sentence, type Tone } from './status-sentences';

/** One answer of the daemon. */
export interface WatchSample {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly status: DaemonStatus;
}

export interface View {
  readonly now: number;
  /** The last two answers; undefined until there are any. */
  readonly last: WatchSample | undefined;
  readonly before: WatchSample | undefined;
  /** Why there was no answer the last time; undefined: there was one. */
  readonly silent: string | undefined;
}

export interface Line {
  readonly text: string;
  readonly tone: Tone;
}

const line = (text: string, tone: Tone = 'plain'): Line => ({ text: harmless(text).trimEnd(), tone });

/** How many records a second each pipeline has written between two answers of one daemon; null: not known. */
export interface Rates {
  readonly aliases: number | null;
  readonly archive: number | null;
}

export function ratesBetween(before: WatchSample | undefined, last: WatchSample | undefined): Rates {
  const rate = (name: keyof Rates): number | null => {
    const seconds = ((last?.at ?? 0) - (before?.at ?? 0)) / 1_000;
    // If the daemon is another process by now, it counts from 0 again.
    if (before === undefined || last === undefined || before.status.pid !== last.status.pid) return null;
    const [from, to] = [before, last].map(({ status }) => status[name]?.applied);
    if (from === undefined || to === undefined || to < from || seconds <= 0) return null;
    return (to - from) / seconds;
  };
  return { aliases: rate('aliases'), archive: rate('archive') };
}

/** The lines of a view, not yet cut. Pure. */
export function screenLines(view: View): readonly Line[] {
  const { last, before, silent, now } = view;
  const lines: Line[] = [];
  const add = (text: string, tone: Tone = 'plain') => lines.push(line(text, tone));
  if (last === undefined) {
    add('Millrace', 'strong');
    add(silent === undefined ? 'asking …' : `${silent}; asking again`, silent === undefined ? 'dim' : 'bad');
    if (silent !== undefined)
      add('`millrace run` starts one; `millrace status` asks the stores themselves.', 'dim');
    return lines;
  }
  const { pid, startedAt, troubles, leftOut, health, aliases, archive } = last.status;
  add(`Millrace   pid ${pid}, running for ${span(now - startedAt)}   ${clock(now)}`, 'strong');
  const { text, tone } = overall(last.status);
  if (silent === undefined) add(text, tone);
  else add(`${silent}; what follows is ${span(now - last.at)} old`, 'bad');
  for (const trouble of troubles) add(`! ${trouble}`, 'bad');
  for (const { message } of leftOut) add(`! ${message}`, 'strong');
  const rates = ratesBetween(before, last);
  if (aliases !== null)
    lines.push(...aliasLines(aliases, { health: health.aliases, rate: rates.aliases, now }));
  if (archive !== null)
    lines.push(...archiveLines(archive, { health: health.archive, rate: rates.archive, now }));
  const incidents = [
    ...(aliases?.incidents ?? []).map((one) => ({
      ...one,
      pipeline: aliases?.documents === true ? 'cache' : 'aliases',
    })),
    ...(archive?.incidents ?? []).map((one) => ({ ...one, pipeline: 'archive' })),
  ].sort((a, b) => b.at - a.at);
  if (incidents.length > 0) {
    add('');
    add('Incidents, newest first', 'strong');
    for (const { pipeline, ...incident } of incidents.slice(0, 10)) {
      add(`  ${timestamp(new Date(incident.at))}  ${pipeline}: ${describeIncident(incident, now)}`);
    }
  }
  return lines;
}

interface Moment {
  readonly health: Health | null;
  readonly rate: number | null;
  readonly now: number;
}

function aliasLines(aliases: AliasStatus, { health, rate, now }: Moment): readonly Line[] {
  const said = aliasSentences(aliases, health, clockAt(now));
  return [
    ...head(aliases.documents ? 'cache' : 'aliases', `${aliases.database} → ${aliases.redis}`),
    ...rows(said.paused, said.state, said.mode, withRate(said.lag, rate), said.changelog),
    ...rows(said.lastPass, said.mappings, said.unmatched, said.nextPass, said.notServed, said.failure),
    ...aliases.tables.flatMap(({ message }) => (message === undefined ? [] : [row('!', message, 'bad')])),
  ];
}

function archiveLines(archive: ArchiveStatus, { health, rate, now }: Moment): readonly Line[] {
  const said = archiveSentences(archive, health, clockAt(now));
  return [
    ...head('archive', `${archive.redis} → ${archive.postgres}`),
    ...rows(said.paused, said.state, said.role, withRate(said.lag, rate), said.stream, said.mirror),
    ...rows(said.parked, said.lastPass, said.unmatched, said.nextPass, said.failure),
  ];
}

const clockAt = (now: number) => ({ now, when: (at: number) => ago(now - at) });

const withRate = (lag: Sentence | undefined, rate: number | null): Sentence | undefined =>
  lag && { ...lag, text: `${lag.text}   ${perSecond(rate)}` };

const row = (name: string, text: string, tone: Tone): Line => line(`  ${name.padEnd(10)} ${text}`, tone);

const rows = (...sentences: readonly (Sentence | undefined)[]): readonly Line[] =>
  sentences.flatMap((one) => (one === undefined ? [] : [row(one.name, one.text, one.tone)]));

const head = (name: string, stores: string): readonly Line[] => [
  line(''),
  line(`${name}   ${stores}`, 'strong'),
];

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const footer: Line = { text: 'q leaves', tone: 'dim' };

/** The lines that fit, cut to the columns; the last row says how to leave. Never more than `rows` lines, so that nothing scrolls. */
export function fitted(lines: readonly Line[], { columns, rows }: Size): readonly Line[] {
  const room = Math.max(1, rows - 1);
  const kept = lines.length > room ? lines.slice(0, room) : lines;
  const hidden = lines.length - kept.length;
  const last = hidden > 0 ? { ...footer, text: `q leaves; ${hidden} more lines in a taller window` } : footer;
  const all = rows > 1 ? [...kept, last] : kept;
  return all.map((line) => ({ ...line, text: cutToWidth(line.text, columns) }));
}
