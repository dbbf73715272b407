// @ts-check
import { createAccess } from './access.js';
import { explain, get, post } from './api.js';
import { createCard } from './pipelines/card.js';
import { confirm } from './dialogs.js';
import { place, setAttribute, setText } from './dom.js';
import { clock, duration } from './format.js';
import { follows, lastHour } from './history.js';
import { createIncidents } from './incidents.js';
import { createLetters } from './letters.js';
import { follow } from './live.js';
import { createMappings } from './mappings/mappings.js';
import { createTroubles } from './troubles.js';
import { viewOfAliases } from './pipelines/view-aliases.js';
import { viewOfArchive } from './pipelines/view-archive.js';

/**
 * Wires everything by hand. What is shown is a function of the last state the daemon told.
 * @typedef {import('../api').LiveState} LiveState
 * @typedef {import('../history').Sample} Sample
 * @typedef {'aliases' | 'archive'} Name
 */

/** @type {LiveState | undefined} */
let state;
let receivedAt = 0;
let connected = false;
/** @type {readonly Sample[]} */
let samples = [];
let stepMs = 5_000;
/** The parked records shown: how many there were, and when they were asked for. */
let lettersKnown = { count: -1, at: 0 };
/** A number that changes each second is not worth a new table each second. */
const lettersEveryMs = 3_000;

const connection = place('connection');
const toast = place('toast');
/** @type {ReturnType<typeof setTimeout> | undefined} */
let toastTimer;

/** @param {string} text */
function say(text) {
  clearTimeout(toastTimer);
  setText(toast, text);
  toastTimer = setTimeout(() => setText(toast, ''), 8_000);
}

const pauseText = {
  aliases:
    'Redis keeps what it has. Changes in SQLite are captured and wait until somebody resumes, over restarts too.',
  archive:
    'Postgres keeps what it has. Changes in Redis wait in the stream, which grows in its memory until somebody resumes.',
};

/** @param {Name} name @param {import('./pipelines/card.js').Action} action */
async function act(name, action) {
  if (action === 'pause' && !(await confirm(`Pause ${name}?`, pauseText[name], 'Pause'))) return;
  const done = { pause: 'paused', resume: 'goes on', reconcile: 'a full pass' };
  try {
    const { report } = await post(`api/pipelines/${name}/${action}`);
    const ending =
      action !== 'reconcile' ? '' : report === undefined ? ' is running' : ` took ${duration(report.ms)}`;
    say(`${name}: ${done[action]}${ending}.`);
  } catch (error) {
    say(`${name}: ${explain(error)}`);
  }
}

const cards = {
  aliases: createCard({
    name: 'aliases',
    title: 'Aliases',
    way: 'SQLite to Redis',
    onAction: (action) => void act('aliases', action),
  }),
  archive: createCard({
    name: 'archive',
    title: 'Archive',
    way: 'Redis to PostgreSQL',
    onAction: (action) => void act('archive', action),
  }),
};
place('pipelines').append(cards.aliases.element, cards.archive.element);
const troubles = createTroubles(place('overall'), place('troubles'));
const letters = createLetters(place('letters'), say);
const incidents = createIncidents(place('incidents'));
const mappings = createMappings({ cards, onLetters: letters.filter });
const access = createAccess({
  place: place('access'),
  onChange: () => {
    letters.allow(access.allowed());
    render();
    live?.again();
  },
});

function render() {
  if (state === undefined) return;
  const { at, status, sample } = state;
  const allowed = access.allowed() && connected;
  const { aliases, archive } = status;
  cards.aliases.show(
    aliases && viewOfAliases(aliases, { at, health: status.health.aliases, sample: sample?.aliases ?? null }),
    allowed,
  );
  cards.archive.show(
    archive && viewOfArchive(archive, { at, health: status.health.archive, sample: sample?.archive ?? null }),
    allowed,
  );
  troubles.show(status, at);
  incidents.show(status, at);
  place('incidents').hidden = false;
  void mappings.list(status);
  place('letters').hidden = archive === null;
  setText(
    place('about'),
    `Process ${status.pid}, started ${clock(status.startedAt, at)}, ${duration(at - status.startedAt)} ago`,
  );
  if (
    archive !== null &&
    archive.deadLetters !== lettersKnown.count &&
    Date.now() - lettersKnown.at > lettersEveryMs
  ) {
    lettersKnown = { count: archive.deadLetters, at: Date.now() };
    letters.load();
  }
}

/** How old what is shown is, for as long as nothing newer comes. */
function tell() {
  const age = duration(Math.round((Date.now() - receivedAt) / 1_000) * 1_000);
  setAttribute(connection, 'data-state', connected ? 'live' : 'lost');
  setAttribute(document.body, 'data-stale', connected ? undefined : 'true');
  setText(
    connection,
    connected
      ? 'Live'
      : state === undefined
        ? 'No answer from the daemon, trying again'
        : `Connection lost, trying again. This is ${age} old.`,
  );
}

function draw() {
  samples = lastHour(samples);
  cards.aliases.draw(samples, stepMs);
  cards.archive.draw(samples, stepMs);
}

/** Everything of the last hour: what was missed while asleep is there, and no line is drawn over it. */
async function catchUp() {
  try {
    /** @type {import('../api').HistoryAnswer} */
    const answer = await get('api/history');
    ({ samples, stepMs } = answer);
    draw();
  } catch {
    // The connection is gone again, and is looked after.
  }
}

/** @type {ReturnType<typeof follow> | undefined} */
let live;

function start() {
  live = follow({
    onConnected: () => {
      connected = true;
      lettersKnown = { count: -1, at: 0 };
      void catchUp();
      mappings.again();
      void access.look().catch(() => {}); // a daemon started anew may have another token
    },
    onEvent: (name, data) => {
      receivedAt = Date.now();
      if (name === 'status') {
        state = data;
        render();
      } else if (name === 'sample') {
        if (follows(samples, data, stepMs)) {
          samples = [...samples, data];
          draw();
        } else void catchUp();
      }
      tell();
    },
    onLost: () => {
      connected = false;
      render();
      tell();
    },
    onRefused: (error) => void access.refused(error),
  });
}

setInterval(() => {
  if (!connected) tell();
}, 1_000);

mappings.start();
await access.look().catch(() => {}); // it is down, and told so by what follows
start();
