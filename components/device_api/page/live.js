// SPDX-License-Identifier: Apache-2.0
/** What is known of the device at this moment: `state` and `scores` are null as soon as it is away. */

import { ask, follow, get } from './api.js';
import { translatedTitle } from './i18n.js';

const STATE_QUIET_MS = 5000; // a heartbeat comes every 2 s
const EVENTS_QUIET_MS = 40000; // a comment comes every 15 s
const SCORES_STALE_MS = 2500;
const HIDDEN_MS = 60000;
const AGAIN_MS = 2000;

/** Events out of journal lines: a start and an end with one id are one event. */
class EventBook {
  #events = new Map();

  /** Take a journal line; whether it says something new. */
  take(line) {
    const known = this.#events.get(line.id);
    if (known && (known.ended || line.kind === 'start')) return false;
    this.#events.set(line.id, { ...known, ...line, ended: line.kind === 'end' });
    return true;
  }

  get(id) {
    return this.#events.get(id);
  }

  /** All of them, the latest first. */
  list() {
    return [...this.#events.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
  }
}

class Live extends EventTarget {
  /** 'connecting', 'live', 'away', or 'closed' while nobody may read. */
  link = 'connecting';
  /** In this computer's milliseconds, as is when the device started. */
  heardAt = null;
  bootedAt = null;
  refusal = '';
  session = null;
  settings = null;
  state = null;
  scores = null;
  titles = new Map();
  boot = null;
  /** The device's UTC less this computer's; null while it has none. */
  clockOffset = null;
  events = new EventBook();

  set(name, value) {
    this[name] = value;
    this.dispatchEvent(new Event(name));
  }
}

export const live = new Live();

/** Call `show` now and whenever one of these parts changes, until the signal. */
export function watch(names, signal, show) {
  for (const name of names) live.addEventListener(name, show, { signal });
  show();
}

/** Call `load` now or when the device is there, and every so often while it is, until the signal. */
export function keepFresh(signal, everyMs, load) {
  const tryIt = () => live.link === 'live' && load();
  watch(['facts'], signal, tryIt);
  const timer = setInterval(tryIt, everyMs);
  signal.addEventListener('abort', () => clearInterval(timer));
}

/** The device's time; this computer's where it has none. */
export const deviceNow = () => Date.now() + (live.clockOffset ?? 0);

/** What a rule is called. */
export const titleOf = (rule) => translatedTitle(live.titles.get(rule) ?? rule);

/** When an event began by the device's clock; null if nobody can know. */
export function startOf(event) {
  if (event.utc !== null) return Date.parse(event.utc);
  if (event.boot !== live.boot || !live.state) return null;
  return deviceNow() - live.state.uptime_ms + event.uptime_s * 1000;
}

/** Whether who reads may change things. */
export const owns = () => live.session?.owner ?? false;

let streams = [];
let staleTimer;
let askAgain;
let hasBeenLive = false;

/** Ask who we are until there is an answer; opens or closes the streams accordingly. */
export async function refreshSession() {
  clearTimeout(askAgain);
  let session;
  try {
    session = await get('session');
  } catch (problem) {
    setLink('away', problem.message);
    askAgain = setTimeout(refreshSession, AGAIN_MS);
    return;
  }
  live.set('session', session);
  if (session.read) {
    open();
  } else {
    close();
    setLink('closed');
  }
}

function setLink(link, refusal = '') {
  live.refusal = refusal;
  if (link !== 'live') {
    live.set('scores', null);
    live.set('state', null);
  }
  if (live.link !== link) live.set('link', link);
}

function lost(problem) {
  if (problem.status === 401) {
    refreshSession();
    return;
  }
  setLink('away', problem.message);
}

function close() {
  streams.forEach((stream) => stream.stop());
  streams = [];
}

function open() {
  if (streams.length) return;
  setLink('connecting');
  streams = [
    follow('scores?mel&k=8&min=0.02', { quietMs: STATE_QUIET_MS, on: heard, down: lost }),
    follow('events?live', { quietMs: EVENTS_QUIET_MS, on: (_, line) => takeEvent(line), down: () => {} }),
  ];
}

function heard(kind, data) {
  live.heardAt = Date.now();
  if (kind === 'scores') {
    live.set('scores', data);
    clearTimeout(staleTimer);
    staleTimer = setTimeout(() => live.set('scores', null), SCORES_STALE_MS);
    return;
  }
  if (kind !== 'state') return;
  live.clockOffset = data.utc === null ? null : Date.parse(data.utc) - Date.now();
  if (!data.listening && live.scores) live.set('scores', null);
  live.bootedAt = live.heardAt - data.uptime_ms;
  live.set('state', data);
  if (live.link === 'live') return;
  setLink('live');
  const isFirst = !hasBeenLive;
  hasBeenLive = true;
  refreshFacts().then(() => isFirst || live.dispatchEvent(new Event('returned')));
}

/** Read again what changes seldom. */
export async function refreshFacts() {
  try {
    const [rules, settings, status] = await Promise.all([get('rules'), get('settings'), get('status')]);
    live.titles = new Map(rules.rules.map((rule) => [rule.name, rule.title ?? rule.name]));
    live.boot = status.boot.count;
    live.set('settings', settings);
    live.dispatchEvent(new Event('facts'));
  } catch (problem) {
    if (problem.status === 401) refreshSession();
  }
}

function takeEvent(line) {
  const isNew = live.events.take(line);
  live.dispatchEvent(new Event('events'));
  if (isNew && line.kind === 'start') live.dispatchEvent(new CustomEvent('begun', { detail: line }));
}

/** Stop or start capture itself. */
export async function setMuted(muted) {
  await ask('POST', 'mute', { muted });
  if (live.state) live.set('state', { ...live.state, muted, listening: live.state.listening && !muted });
}

let hiddenTimer;
document.addEventListener('visibilitychange', () => {
  clearTimeout(hiddenTimer);
  if (document.hidden) {
    hiddenTimer = setTimeout(() => {
      close(); // the device has few connections
      setLink('connecting');
    }, HIDDEN_MS);
  } else if (live.session?.read) {
    open();
    streams.forEach((stream) => stream.hurry());
  }
});
addEventListener('online', () => streams.forEach((stream) => stream.hurry()));

setInterval(() => live.dispatchEvent(new Event('tick')), 1000);
