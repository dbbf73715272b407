import type { AliasStatus } from '../aliases/status';
import type { ArchiveStatus } from '../archive/status';
import type { DaemonStatus } from '../control/daemon-status';
import { type Health, type HealthLevel, lowered } from '../pipeline/health';
import type { Pause } from '../pipeline/pause';
import { harmless } from '../foundation/harmless';
import { cutToWidth } from './display-width';
import { timestamp } from '../foundation/timestamp';
import { describeIncident } from './describe-incident';
import { megabytes, roleOf, soon } from './describe-status';
import { ago, clock, grouped, perSecond, span } from './spans';

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

export type Tone = 'plain' | 'strong' | 'good' | 'warn' | 'bad' | 'dim';
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

const tones: Readonly<Record<HealthLevel, Tone>> = {
  ok: 'good',
  busy: 'plain',
  idle: 'plain',
  warn: 'warn',
  paused: 'warn',
  bad: 'bad',
};

const state = (health: Health | null): readonly Line[] =>
  health === null ? [] : [fact('state', lowered(health), tones[health.level])];

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
  const { pid, startedAt, ready, troubles, leftOut, health, aliases, archive } = last.status;
  add(`Millrace   pid ${pid}, running for ${span(now - startedAt)}   ${clock(now)}`, 'strong');
  if (silent === undefined)
    add(ready ? lowered(health.overall) : 'NOT in order', tones[health.overall.level]);
  else add(`${silent}; what follows is ${span(now - last.at)} old`, 'bad');
  for (const trouble of troubles) add(`! ${trouble}`, 'bad');
  for (const { message } of leftOut) add(`! ${message}`, 'strong');
  const rates = ratesBetween(before, last);
  if (aliases !== null)
    lines.push(...aliasLines(aliases, { health: health.aliases, rate: rates.aliases, now }));
  if (archive !== null)
    lines.push(...archiveLines(archive, { health: health.archive, rate: rates.archive, now }));
  const incidents = [
    ...(aliases?.incidents ?? []).map((one) => ({ ...one, pipeline: 'aliases' })),
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
  const { lastPass, lagRecords, lagSeconds, mode, changelogRows } = aliases;
  const facts: Line[] = [
    ...head('aliases', `${aliases.database} → ${aliases.redis}`, aliases.paused),
    ...state(health),
    fact(
      'mode',
      mode === 'tail'
        ? 'changes travel at once'
        : mode === 'closed'
          ? 'the file is not open'
          : `full passes only: ${aliases.notCaptured ?? ''}`,
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
    ...((lastPass?.skipped ?? 0) > 0
      ? [fact('not served', `${grouped(lastPass?.skipped ?? 0)} rows (millrace dead-letters list)`, 'warn')]
      : []),
    ...failed(aliases, now),
    ...aliases.tables.flatMap(({ message }) => (message === undefined ? [] : [fact('!', message, 'bad')])),
  );
  return facts;
}

function archiveLines(archive: ArchiveStatus, { health, rate, now }: Moment): readonly Line[] {
  const { lastPass, memory, mirror, role, deadLetters } = archive;
  const differing = Object.values(lastPass?.differences ?? {}).reduce((sum, count) => sum + count, 0);
  const full = soon(memory?.fullInSeconds ?? null);
  return [
    ...head('archive', `${archive.redis} → ${archive.postgres}`, archive.paused),
    ...state(health),
    fact('role', roleOf(archive), role === 'uncertain' ? 'bad' : 'plain'),
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
      deadLetters === 0 ? 'plain' : 'warn',
    ),
    fact(
      'last pass',
      lastPass === null
        ? 'none yet'
        : `${ago(now - lastPass.startedAt)}, ${lastPass.ms} ms: ${grouped(lastPass.keys)} keys, ${grouped(differing)} differed`,
    ),
    ...nextPass(archive, now),
    ...failed(archive, now),
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

function failed(
  { failure, failingSince }: Pick<AliasStatus, 'failure' | 'failingSince'>,
  now: number,
): readonly Line[] {
  if (failure === null) return [];
  const since = span(now - (failingSince ?? now));
  return [fact('failure', `for ${since}: ${failure.message} (${failure.code}); trying again`, 'bad')];
}

const lag = (records: number | null, seconds: number | null): string =>
  records === null
    ? 'unknown'
    : records === 0
      ? 'in step'
      : `${grouped(records)} behind, ${(seconds ?? 0).toFixed(1)} s`;

const tone = (seconds: number | null): Tone => (seconds !== null && seconds > 10 ? 'bad' : 'plain');

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
