// @ts-check
import { el, theirs } from './dom.js';
import { ago, clock, duration } from './format.js';

/** What happened that should not have, of both pipelines, the latest first. @param {HTMLElement} section */
export function createIncidents(section) {
  const list = el('ol', { class: 'incidents' });
  const empty = el('p', { class: 'empty' }, 'None in the last thirty days.');
  const scroll = el(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'List of incidents' },
    list,
  );
  section.append(el('header', {}, el('h2', { id: 'incidents-title' }, 'Incidents')), empty, scroll);
  let shown = '';

  return {
    /** @param {import('./pipelines/view.js').DaemonStatus} status @param {number} at */
    show: ({ aliases, archive }, at) => {
      const all = [
        ...(aliases?.incidents ?? []).map((incident) => ({ ...incident, pipeline: 'aliases' })),
        ...(archive?.incidents ?? []).map((incident) => ({ ...incident, pipeline: 'archive' })),
      ].sort((a, b) => b.at - a.at);
      empty.hidden = all.length > 0;
      scroll.hidden = all.length === 0;
      const now = JSON.stringify([all, Math.floor(at / 60_000)]);
      if (now === shown) return;
      shown = now;
      list.replaceChildren(
        ...all.map((incident) =>
          el(
            'li',
            {},
            el('time', { datetime: new Date(incident.at).toISOString() }, clock(incident.at, at)),
            el('span', { class: 'tag' }, incident.pipeline),
            el(
              'span',
              { class: 'what' },
              theirs(incident.what),
              ...lasted(incident, at).map((text) => el('span', { class: 'lasted' }, text)),
            ),
            el('span', { class: 'small' }, ago(Math.floor((at - incident.at) / 60_000) * 60_000)),
          ),
        ),
      );
    },
  };
}

/**
 * How long it was, of one that lasts.
 * @param {import('../../pipeline/incidents/incident').Incident} incident
 * @param {number} at
 * @returns {readonly string[]}
 */
function lasted(incident, at) {
  const { outage } = incident;
  if (outage === null) return [];
  const { endedAt, times, lastAppliedAt } = outage;
  const minutes = Math.floor((at - incident.at) / 60_000) * 60_000;
  const length =
    endedAt === null
      ? `goes on${minutes === 0 ? '' : `, for ${duration(minutes)}`}`
      : `lasted ${duration(endedAt - incident.at)}, until ${clock(endedAt, at)}`;
  const often = times > 1 ? `; came ${times} times` : '';
  const before = lastAppliedAt === null ? '' : `; last applied before it at ${clock(lastAppliedAt, at)}`;
  return [`${length}${often}${before}`];
}
