// @ts-check
import { ago, clock, count, counted, duration, rate } from '../format.js';

/**
 * What a card shows, told from the daemon's status alone: no function here looks at the page or the clock.
 * @typedef {import('../../../pipeline/health').HealthLevel} Tone never the colour alone: each has a sign and a word
 * @typedef {{ name: string, value: string, unit?: string }} Figure
 * @typedef {{ name: string, value: string, theirs?: boolean }} Fact `theirs`: text with a direction of its own
 * @typedef {{ title: string, name: string, fact: string, away?: boolean }} Stop of the way that changes go; `away`: it fails
 * @typedef {object} View
 * @property {Tone} tone
 * @property {string} state
 * @property {readonly Stop[]} stops
 * @property {readonly string[]} steps between the stops
 * @property {boolean} flowing
 * @property {boolean} passing
 * @property {string} pass
 * @property {readonly Figure[]} figures
 * @property {readonly Fact[]} facts
 * @property {Table | null} unserved rows that are kept aside
 * @property {Table | null} table
 * @property {{ title: string, text: string } | null} pause
 * @typedef {{ caption: string, head: readonly string[], rows: readonly (readonly string[])[] }} Table
 * @typedef {import('../../../control/daemon-status').DaemonStatus} DaemonStatus
 * @typedef {NonNullable<DaemonStatus['aliases']> | NonNullable<DaemonStatus['archive']>} PipelineStatus
 * @typedef {{ at: number, sample: import('../../history').PipelineSample | null, health: import('../../../pipeline/health').Health | null }} Moment
 */

/**
 * What both pipelines have in common.
 * @param {PipelineStatus} status
 * @param {Moment} moment
 */
export function common(status, { at, sample, health }) {
  const { paused, passRunning, passOf, nextPassAt } = status;
  const next = duration(Math.max(0, Math.round((nextPassAt - at) / 1_000) * 1_000));
  return {
    tone: health?.level ?? 'idle',
    state: health?.says ?? '',
    flowing: paused === null && (sample?.rate ?? 0) > 0,
    passing: passRunning && paused === null,
    pass: passRunning
      ? passOf === null
        ? 'full pass running'
        : `pass of ${passOf.join(', ')} running`
      : paused !== null
        ? 'full pass when resumed'
        : `full pass in ${next}`,
    figures: [
      { name: 'Lag', value: count(status.lagRecords), unit: 'records' },
      { name: 'Oldest waits', ...split(status.lagSeconds === null ? null : status.lagSeconds * 1_000) },
      { name: 'Rate', value: rate(sample?.rate ?? null), unit: 'records/s' },
      { name: 'Written', value: count(status.applied) },
    ],
    pause:
      paused === null
        ? null
        : {
            title: `Paused for ${duration(at - paused.at)}`,
            text: `Since ${clock(paused.at, at)}, by ${paused.by}. Changes are captured, and wait.`,
          },
    nextPass: {
      name: 'Next full pass',
      value: passRunning
        ? passOf === null
          ? 'is running'
          : `one of ${passOf.join(', ')} is running`
        : paused !== null
          ? 'when resumed'
          : `in ${next}, at ${clock(nextPassAt, at)}`,
    },
  };
}

/**
 * A duration as a figure: its unit apart.
 * @param {number | null} ms
 */
function split(ms) {
  const [value = '', ...unit] = duration(ms).split(' ');
  return unit.length === 1 ? { value, unit: unit[0] ?? '' } : { value: [value, ...unit].join(' ') };
}

/**
 * @param {{ startedAt: number, ms: number } | null} pass
 * @param {string} found
 * @param {number} at
 */
export function lastPassFact(pass, found, at) {
  const ended = pass === null ? 0 : pass.startedAt + pass.ms;
  const value =
    pass === null
      ? 'none yet'
      : `${clock(ended, at)}, ${ago(at - ended)}; took ${duration(pass.ms)}; ${found}`;
  return { name: 'Last full pass', value };
}

/** @param {number} differences */
export const found = (differences) =>
  differences === 0 ? 'nothing differed' : counted(differences, 'difference');

/** @param {{ seq?: number | null, at: number, by: string } | null} checkpoint @param {number} at */
export const checkpointFact = (checkpoint, at) => ({
  name: 'Checkpoint',
  value:
    checkpoint === null
      ? 'none yet'
      : `${checkpoint.seq == null ? '' : `change ${count(checkpoint.seq)}, `}${ago(at - checkpoint.at)}, by ${checkpoint.by}`,
});

/**
 * What the box of a store says below its name: what is known of it, or that it is away.
 * @param {PipelineStatus} status
 * @param {NonNullable<PipelineStatus['away']>} name
 * @param {string} fact
 */
export const store = ({ away }, name, fact) =>
  away === name ? { fact: 'failing', away: true } : { fact, away: false };
