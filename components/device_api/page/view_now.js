// SPDX-License-Identifier: Apache-2.0
/** Now: what the device hears, what goes on, and live sound. */

import { get } from './api.js';
import { h, icon, put, recall, remember, say } from './dom.js';
import { ago, clock, dbfs, lasting, number, percent, t, translatedTitle } from './i18n.js';
import { LiveSound } from './listen.js';
import { deviceNow, live, startOf, titleOf, watch } from './live.js';
import { explain } from './notices.js';
import { drawStrip, StripMemory } from './strip.js';

const ROWS = 8; // a phone shows six
const LATELY = 6;
const memory = new StripMemory();
live.addEventListener('scores', () => live.scores && memory.take(live.scores));

/** Fill `root` until the signal. */
export function show(root, signal) {
  root.append(
    h('h1', { class: 'sr' }, t('now.title')),
    h('div', { class: 'now' }, hearing(signal), strip(signal), goingOn(signal), liveSound(signal), lately(signal)),
  );
}

const panel = (name, ...content) =>
  h('section', { class: `panel ${name}`, 'aria-labelledby': `h-${name}` }, h('h2', { id: `h-${name}` }, t(`now.${name}`)), ...content);

/** Why there is nothing to show. */
function silence() {
  if (live.link === 'away') return t('now.unknown');
  if (live.link !== 'live' || !live.state) return t('standing.connecting');
  if (live.state.muted) return t('standing.muted');
  return live.state.listening ? t('now.waiting') : t('standing.deaf');
}

function hearing(signal) {
  const headline = h('p', { class: 'headline' });
  const detail = h('p', { class: 'detail num' });
  const rows = new Map(); // by class
  const list = h('ul', { class: 'bars', 'aria-hidden': 'true' });
  const level = meter();

  const showBars = (top) => {
    const shown = new Set(top.map(({ index }) => index));
    for (const [index, row] of rows) {
      if (shown.has(index)) continue;
      row.node.remove();
      rows.delete(index);
    }
    top.forEach(({ index, name, score }, rank) => {
      let row = rows.get(index);
      if (!row) {
        const bar = h('i');
        const value = h('b', { class: 'num' });
        row = { node: h('li', {}, h('span', {}, name), value, h('em', {}, bar)), bar, value };
        rows.set(index, row);
        row.node.style.setProperty('--rank', rank);
        list.append(row.node);
      }
      row.node.style.setProperty('--rank', rank);
      row.bar.style.transform = `scaleX(${score})`;
      say(row.value, percent(score));
    });
  };

  watch(['scores', 'state', 'link'], signal, () => {
    const top = live.scores?.top.slice(0, ROWS) ?? [];
    showBars(top);
    const [first, ...rest] = (top[0]?.name ?? t('now.nothing')).split(', '); // a class's name has synonyms behind commas
    say(headline, live.scores ? first : silence());
    headline.classList.toggle('dim', !live.scores);
    say(detail, top[0] ? [...rest, t('now.score', { p: percent(top[0].score) })].join(', ') : '\u00a0');
    level.show(live.scores);
  });
  return panel('hearing', headline, detail, list, level.node);
}

function meter() {
  const bar = h('i');
  const floor = h('s', { hidden: true });
  const text = h('p', { class: 'num' });
  const scale = h('div', { class: 'scale', 'aria-hidden': 'true' });
  for (const db of [-90, -60, -30, 0]) {
    const tick = h('span', { class: 'num' }, number(db));
    tick.style.left = `${share(db) * 100}%`;
    scale.append(tick);
  }
  return {
    node: h('div', { class: 'meter' }, h('div', { class: 'track', 'aria-hidden': 'true' }, bar, floor), scale, text),
    show(scores) {
      bar.style.setProperty('--level', scores ? share(scores.level_dbfs) : 0);
      floor.hidden = !scores?.floor_known;
      if (!scores) {
        say(text, t('now.noLevel'));
        return;
      }
      floor.style.left = `${share(scores.floor_dbfs) * 100}%`;
      const above = Math.max(0, scores.level_dbfs - scores.floor_dbfs);
      say(
        text,
        scores.floor_known
          ? t('now.level', { level: dbfs(scores.level_dbfs), above: number(above), floor: dbfs(scores.floor_dbfs) })
          : t('now.levelOnly', { level: dbfs(scores.level_dbfs) }),
      );
    },
  };
}

const share = (db) => Math.min(1, Math.max(0, (db + 90) / 90));

function strip(signal) {
  const canvas = h('canvas', { role: 'img', 'aria-label': t('now.stripLabel') });
  const box = h('div', { class: 'screen' }, canvas, h('span', { class: 'hz top' }, '7.5 kHz'), h('span', { class: 'hz' }, '125 Hz'));
  const drawing = drawStrip(canvas, memory, signal);
  watch(['scores', 'state', 'link'], signal, () => {
    if (live.scores) drawing.fresh();
    box.classList.toggle('stale', !live.scores);
  });
  return panel(
    'strip',
    box,
    h('div', { class: 'ends' }, h('span', {}, t('now.ago30')), h('span', { class: 'key' }, t('now.stripKey')), h('span', {}, t('now.now'))),
  );
}

function goingOn(signal) {
  const list = h('ul', { class: 'active' });
  watch(['state', 'facts'], signal, () => {
    const active = live.state?.active ?? [];
    put(
      list,
      active.map((each) => h('li', { class: 'on' }, h('strong', {}, translatedTitle(each.title)), h('span', {}, t(`state.${each.state}`)))),
      !active.length && h('li', { class: 'none' }, live.state ? t('now.quiet') : t('now.unknownShort')),
    );
  });
  return panel('going', list);
}

function liveSound(signal) {
  const trouble = h('p', { class: 'error', role: 'alert' });
  const state = h('p', { class: 'hint', 'aria-live': 'polite' });
  const label = h('span');
  const face = h('span', { class: 'face' }, icon('ear'));
  const play = h('button', { type: 'button', class: 'primary' }, face, label);
  const volume = h('input', { type: 'range', min: 0, max: 1, step: 0.05, value: recall('volume') ?? 0.8, 'aria-label': t('now.volume') });
  const volumeRow = h('label', { class: 'volume' }, h('span', { 'aria-hidden': 'true' }, t('now.volume')), volume);
  const sound = new LiveSound((now, problem) => {
    say(trouble, problem ? explain(problem) : '');
    update();
  });
  const update = () => {
    const stopped = sound.state === 'stopped';
    play.dataset.state = sound.state;
    put(face, icon(stopped ? 'ear' : 'stop'));
    say(label, t(stopped ? 'now.listen' : 'now.stop'));
    volumeRow.hidden = stopped;
    play.disabled = stopped && (live.link !== 'live' || !live.session?.listen || !live.state?.listening);
    say(state, !live.session?.listen ? t('now.mayNotListen') : t(sound.state === 'starting' ? 'standing.connecting' : `sound.${sound.state}`));
  };
  play.addEventListener('click', () => (sound.state === 'stopped' ? sound.start() : sound.stop()));
  volume.addEventListener('input', () => {
    sound.volume = Number(volume.value);
    remember('volume', volume.value);
  });
  sound.volume = Number(volume.value);
  signal.addEventListener('abort', () => sound.stop());
  watch(['link', 'state', 'session'], signal, update);
  return panel('listening', h('div', { class: 'row' }, play, volumeRow), state, trouble);
}

function lately(signal) {
  const list = h('ol', { class: 'lately' });
  const draw = () => {
    const events = live.events.list().slice(0, LATELY);
    put(
      list,
      events.map((event) => {
        const start = startOf(event);
        return h(
          'li',
          {},
          h('a', { href: `#/timeline/${event.id}` }, h('strong', {}, titleOf(event.rule))),
          h('span', { class: 'num' }, event.ended ? lasting(event.duration_s) : t('event.goesOn')),
          h('time', start === null ? {} : { datetime: new Date(start).toISOString(), title: clock(start) }, when(start)),
        );
      }),
      !events.length && h('li', { class: 'none' }, t('now.noEvents')),
    );
  };
  watch(['events', 'facts'], signal, draw);
  live.addEventListener('returned', load, { signal });
  setInterval15(draw, signal);
  load();
  return panel('lately', list, h('a', { class: 'more', href: '#/timeline' }, t('now.all')));
}

const when = (start) => (start === null ? t('event.noTime') : ago(Math.max(0, (deviceNow() - start) / 1000)));

function setInterval15(act, signal) {
  const timer = setInterval(act, 15000);
  signal.addEventListener('abort', () => clearInterval(timer));
}

async function load() {
  try {
    (await get('events?limit=20')).events.forEach((line) => live.events.take(line));
    live.dispatchEvent(new Event('events'));
  } catch {
    // the live stream brings the next ones; the device's silence is told elsewhere
  }
}
