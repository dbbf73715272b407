import type { AliasStatus } from '../aliases/status';
import type { ArchiveStatus } from '../archive/status';
import type { DaemonStatus } from '../daemon';
import type { Pause } from '../pipeline/pause';
import { harmless } from '../harmless';
import { cutToWidth } from '../status/display-width';
import { timestamp } from '../timestamp';
import { megabytes, soon } from './describe-status';

/** One answer of the daemon. */
export interface Sample {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly status: DaemonStatus;
}

export interface View {
  readonly now: number;
  /** The last two answers; none yet: undefined. */
  readonly last: Sample | undefined;
  readonly before: Sample | undefined;
  /** Why there was no answer to the last question; undefined: there was one. */
  readonly silent: string | undefined;
}

export type Tone = 'plain' | 'strong' | 'good' | 'bad' | 'dim';
export interface Line {
  readonly text: string;
  readonly tone: Tone;
}

/** Records a second written by each pipeline between two answers of one daemon; null: that cannot be told. */
export interface Rates {
  readonly aliases: number | null;
  readonly archive: number | null;
}

export function ratesBetween(before: Sample | undefined, last: Sample | undefined): Rates {
  const rate = (name: keyof Rates): number | null => {
    const seconds = ((last?.at ?? 0) - (before?.at ?? 0)) / 1_000;
    // Another process counts from 0 again.
    if (before === undefined || last === undefined || before.status.pid !== last.status.pid) return null;
    const [from, to] = [before, last].map(({ status }) => status[name]?.applied);
    if (from === undefined || to === undefined || to < from || seconds <= 0) return null;
    return (to - from) / seconds;
  };
  return { aliases: rate('aliases'), archive: rate('archive') };
}

/** The view in words, uncut. Pure. */
export function screenLines(view: View): readonly Line[] {
  const { last, before, silent, now } = view;
  const lines: Line[] = [];
  const add = (text: string, tone: Tone = 'plain') => lines.push({ text: harmless(text), tone });
  if (last === undefined) {
    add('Millrace', 'strong');
    add(silent === undefined ? 'asking …' : `${silent}; asking again`, silent === undefined ? 'dim' : 'bad');
    if (silent !== undefined)
      add('`millrace run` starts one; `millrace status` asks the stores themselves.', 'dim');
    return lines;
  }
  const { pid, startedAt, ready, troubles, leftOut, aliases, archive } = last.status;
  add(`Millrace   pid ${pid}, running for ${span(now - startedAt)}   ${clock(now)}`, 'strong');
  if (silent === undefined) add(ready ? 'in order' : 'NOT in order', ready ? 'good' : 'bad');
  else add(`${silent}; what follows is ${span(now - last.at)} old`, 'bad');
  for (const trouble of troubles) add(`! ${trouble}`, 'bad');
  for (const { message } of leftOut) add(`! ${message}`, 'strong');
  const rates = ratesBetween(before, last);
  if (aliases !== null) for (const line of aliasLines(aliases, rates.aliases, now)) lines.push(line);
  if (archive !== null) for (const line of archiveLines(archive, rates.archive, now)) lines.push(line);
  const incidents = [
    ...(aliases?.incidents ?? []).map((one) => ({ ...one, pipeline: 'aliases' })),
    ...(archive?.incidents ?? []).map((one) => ({ ...one, pipeline: 'archive' })),
  ].sort((a, b) => b.at - a.at);
  if (incidents.length > 0) {
    add('');
    add('Incidents, newest first', 'strong');
    for (const { at, what, pipeline } of incidents.slice(0, 10)) {
      add(`  ${timestamp(new Date(at))}  ${pipeline}: ${what}`);
    }
  }
  return lines;
}

function aliasLines(aliases: AliasStatus, rate: number | null, now: number): readonly Line[] {
  const { lastPass, lagRecords, lagSeconds, mode, changelogRows } = aliases;
  const why = aliases.cannotWrite ?? aliases.captureGaps.join(', ');
  const facts: Line[] = [
    ...head('aliases', `${aliases.database} → ${aliases.redis}`, aliases.paused),
    fact(
      'mode',
      mode === 'tail'
        ? 'changes travel at once'
        : mode === 'closed'
          ? 'the file is not open'
          : `full passes only: ${why}`,
      mode === 'tail' ? 'plain' : 'bad',
    ),
    fact('lag', `${lag(lagRecords, lagSeconds)}   ${perSecond(rate)}`, tone(lagSeconds)),
  ];
  if (changelogRows !== null) facts.push(fact('changelog', `${grouped(changelogRows)} rows`));
  facts.push(
    fact(
      'last pass',
      lastPass === null
        ? 'none yet'
        : `${ago(now - lastPass.startedAt)}, ${lastPass.ms} ms: ${grouped(lastPass.total)} aliases, +${lastPass.added} ~${lastPass.updated} -${lastPass.deleted}`,
    ),
    ...nextPass(aliases, now),
    ...failed(aliases),
    ...aliases.tables.flatMap(({ message }) => (message === undefined ? [] : [fact('!', message, 'bad')])),
  );
  return facts;
}

function archiveLines(archive: ArchiveStatus, rate: number | null, now: number): readonly Line[] {
  const { lastPass, memory, mirror, role, deadLetters } = archive;
  const differing = Object.values(lastPass?.differences ?? {}).reduce((sum, count) => sum + count, 0);
  const full = soon(memory?.fullInSeconds ?? null);
  return [
    ...head('archive', `${archive.redis} → ${archive.postgres}`, archive.paused),
    fact('role', `${role}${role === 'standby' ? `; ${archive.owner ?? 'another'} owns the stream` : ''}`),
    fact(
      'lag',
      `${lag(archive.lagRecords, archive.lagSeconds)}   ${perSecond(rate)}`,
      tone(archive.lagSeconds),
    ),
    ...(memory === null
      ? []
      : [
          fact(
            'stream',
            `${grouped(memory.streamLength)} entries; Redis uses ${megabytes(memory.usedBytes)}` +
              (memory.limitBytes === null ? '' : ` of ${megabytes(memory.limitBytes)}`) +
              (full === null ? '' : `, full in ${span(full * 1_000)} at this rate`),
            full === null ? 'plain' : 'bad',
          ),
        ]),
    fact(
      'mirror',
      `${mirror.state}${mirror.message === undefined ? '' : `: ${mirror.message}`}`,
      mirror.state === 'refused' || mirror.state === 'down' ? 'bad' : 'plain',
    ),
    fact(
      'parked',
      deadLetters === 0 ? 'none' : `${grouped(deadLetters)} records (millrace dead-letters list)`,
      deadLetters === 0 ? 'plain' : 'bad',
    ),
    fact(
      'last pass',
      lastPass === null
        ? 'none yet'
        : `${ago(now - lastPass.startedAt)}, ${lastPass.ms} ms: ${grouped(lastPass.keys)} keys, ${grouped(differing)} differed`,
    ),
    ...nextPass(archive, now),
    ...failed(archive),
  ];
}

const fact = (name: string, text: string, tone: Tone = 'plain'): Line => ({
  text: harmless(`  ${name.padEnd(10)} ${text}`).trimEnd(),
  tone,
});

const head = (name: string, stores: string, paused: Pause | null): readonly Line[] => [
  { text: '', tone: 'plain' },
  { text: harmless(`${name}   ${stores}`), tone: 'strong' },
  ...(paused === null
    ? []
    : [fact('PAUSED', `since ${timestamp(new Date(paused.at))} by ${paused.by}`, 'bad')]),
];

function nextPass(
  { passRunning, nextPassAt }: Pick<AliasStatus, 'passRunning' | 'nextPassAt'>,
  now: number,
): readonly Line[] {
  if (passRunning) return [fact('next pass', 'running now')];
  return [fact('next pass', nextPassAt <= now ? 'due' : `in ${span(nextPassAt - now)}`)];
}

const failed = ({ failure }: Pick<AliasStatus, 'failure'>): readonly Line[] =>
  failure === null ? [] : [fact('failure', `${failure.message} (${failure.code}); trying again`, 'bad')];

const lag = (records: number | null, seconds: number | null): string =>
  records === null
    ? 'unknown'
    : records === 0
      ? 'in step'
      : `${grouped(records)} behind, ${(seconds ?? 0).toFixed(1)} s`;

/** What is behind for longer than a full look at everything takes needs a person's eye. */
const tone = (seconds: number | null): Tone => (seconds !== null && seconds > 10 ? 'bad' : 'plain');

const perSecond = (rate: number | null): string => (rate === null ? '' : `${grouped(Math.round(rate))}/s`);

const grouped = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ',');

const clock = (at: number): string => timestamp(new Date(at)).slice(11);

const ago = (ms: number): string => `${span(ms)} ago`;

/** `42 s`, `3 min`, `5 h 10 min`, `2 d 4 h` */
function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const footer: Line = { text: 'q leaves', tone: 'dim' };

/** Exactly what fits: lines cut by columns, the last row for how to leave. Never more than `rows`, so that nothing scrolls. */
export function fitted(lines: readonly Line[], { columns, rows }: Size): readonly Line[] {
  const room = Math.max(1, rows - 1);
  const kept = lines.length > room ? lines.slice(0, room) : lines;
  const hidden = lines.length - kept.length;
  const last = hidden > 0 ? { ...footer, text: `q leaves; ${hidden} more lines in a taller window` } : footer;
  const all = rows > 1 ? [...kept, last] : kept;
  return all.map((line) => ({ ...line, text: cutToWidth(line.text, columns) }));
}
