// SPDX-License-Identifier: Apache-2.0
/** One event and its clip: waveform, sound, star, download, removal. */

import { get, urlOf } from './api.js';
import { sharp } from './canvas.js';
import { add, button, h, icon, put, say } from './dom.js';
import { bytes, dbfs, lasting, moment, number, percent, t } from './i18n.js';
import { live, owns, startOf, titleOf } from './live.js';
import { confirmed, explain, notify } from './notices.js';
import { classNames, findClip, remove, star } from './records.js';

const RATE = 16000;

/** An event of the EventBook; the signal ends it and its sound. */
export function player(event, signal) {
  const start = startOf(event);
  const clipPart = h('div', { class: 'clip' }, h('p', { class: 'hint' }, t('player.looking')));
  const classes = h('ul', { class: 'strongest' });
  showClip(clipPart, event, signal);
  classNames().then((names) =>
    put(classes, event.top.map(({ index, p }) => h('li', {}, h('span', {}, names[index] ?? index), h('b', { class: 'num' }, percent(p))))),
  ).catch(() => {});
  return h(
    'section',
    { class: 'panel player', id: 'player', 'aria-labelledby': 'player-title' },
    h('h2', { id: 'player-title', tabindex: -1 }, titleOf(event.rule)),
    h('p', { class: 'num facts' }, facts(event, start)),
    clipPart,
    h('details', {}, h('summary', {}, t('player.heard')), classes),
  );
}

function facts(event, start) {
  return [
    start === null ? t('event.noTime') : moment(start),
    event.ended ? t('player.lasted', { time: lasting(event.duration_s) }) : goesOn(event),
    t('player.peak', { p: percent(event.peak) }),
    t('player.level', { level: dbfs(event.level_dbfs), above: number(Math.max(0, event.level_dbfs - event.floor_dbfs)) }),
  ].map((text) => h('span', {}, text));
}

/** An event without an end goes on, unless the device has been started again since. */
const goesOn = (event) => t(event.boot === live.boot ? 'event.goesOn' : 'event.cutOff');

async function showClip(box, event, signal) {
  const without = (key, values) => put(box, h('p', { class: 'hint' }, t(key, values)));
  if (!event.clip) return without('player.noClip');
  if (!live.session?.listen) return without('player.mayNotListen');
  try {
    const clip = await findClip(event.clip);
    if (signal.aborted) return;
    if (!clip) return without('player.gone');
    if (clip.recording) {
      without('player.recording');
      live.addEventListener('events', () => showClip(box, live.events.get(event.id), signal), { signal, once: true });
      return;
    }
    const peaks = await get(`clips/${clip.name}/peaks.json`);
    if (!signal.aborted) put(box, sound(event, clip, peaks, signal), actions(box, clip));
  } catch (problem) {
    without('player.failed', { why: explain(problem) });
    add(box, button({}, () => showClip(box, event, signal), t('frame.again')));
  }
}

function sound(event, clip, peaks, signal) {
  const seconds = peaks.samples / RATE;
  const begin = event.clip_offset_s ?? 0;
  const end = Math.min(seconds, begin + event.duration_s);
  const audio = new Audio(urlOf(`clips/${clip.name}`));
  audio.preload = 'none';
  const canvas = h('canvas', { role: 'img', 'aria-label': t('player.waveform', { from: lasting(begin), to: lasting(end), all: lasting(seconds) }) });
  const position = h('input', { type: 'range', class: 'seek', min: 0, max: seconds, step: 0.05, value: 0, 'aria-label': t('player.position') });
  const time = h('span', { class: 'num' });
  const label = h('span');
  const face = h('span', { class: 'face' });
  const play = h('button', { type: 'button', class: 'primary', id: 'play' }, face, label);

  const redraw = sharp(canvas, signal, (g, width, height, colours) => {
    const x = (second) => (second / seconds) * width;
    g.fillStyle = colours.screen;
    g.fillRect(0, 0, width, height);
    g.globalAlpha = 0.14;
    g.fillStyle = colours.accent;
    g.fillRect(x(begin), 0, x(end) - x(begin), height);
    g.globalAlpha = 1;
    const step = width / peaks.low.length;
    peaks.low.forEach((low, index) => {
      const second = (index / peaks.low.length) * seconds;
      g.fillStyle = second >= begin && second < end ? colours.accent : colours.faint;
      const high = peaks.high[index];
      const top = height / 2 - (high / 128) * (height / 2 - 4);
      g.fillRect(index * step, top, Math.max(0.7, step - 0.4), Math.max(1, ((high - low) / 128) * (height / 2 - 4)));
    });
    g.fillStyle = colours.alert;
    g.fillRect(x(begin), 0, 1.5, height);
    g.fillStyle = colours.ink;
    g.fillRect(Math.min(width - 2, x(audio.currentTime)), 0, 2, height);
  });

  const update = () => {
    const playing = !audio.paused && !audio.ended;
    play.dataset.state = playing ? 'playing' : 'stopped';
    put(face, icon(playing ? 'pause' : 'play'));
    say(label, t(playing ? 'player.pause' : 'player.play'));
    position.value = audio.currentTime;
    position.setAttribute('aria-valuetext', lasting(audio.currentTime));
    say(time, `${number(audio.currentTime, 1)} / ${number(seconds, 1)} s`);
    redraw();
    if (playing && !signal.aborted) requestAnimationFrame(update);
  };
  for (const each of ['play', 'pause', 'ended', 'seeked']) audio.addEventListener(each, update);
  play.addEventListener('click', () => (audio.paused || audio.ended ? audio.play().catch((error) => error.name !== 'AbortError' && notify(t('player.cannotPlay'))) : audio.pause()));
  position.addEventListener('input', () => {
    audio.currentTime = Number(position.value);
    redraw();
  });
  canvas.addEventListener('click', ({ offsetX }) => {
    audio.currentTime = (offsetX / canvas.clientWidth) * seconds;
    update();
  });
  signal.addEventListener('abort', () => {
    audio.pause();
    audio.removeAttribute('src');
    audio.load(); // ends its connection
  });
  update();
  return h(
    'div',
    {},
    h('div', { class: 'wave' }, canvas, position),
    h('p', { class: 'legend' }, begin > 0 && h('span', { class: 'before' }, t('player.preroll', { time: lasting(begin) })), h('span', { class: 'during' }, t('player.event'))),
    h('div', { class: 'row' }, play, time),
  );
}

function actions(box, clip) {
  const starButton = button({ class: 'plain', id: 'star', 'aria-pressed': String(clip.starred) }, async () => {
    try {
      await star(clip.name, !clip.starred);
      clip.starred = !clip.starred;
      starButton.setAttribute('aria-pressed', String(clip.starred));
    } catch (problem) {
      notify(explain(problem));
    }
  }, icon('star'), h('span', {}, t('player.star')));
  const removeButton = button({ class: 'plain', id: 'remove' }, async () => {
    if (!(await confirmed(t('player.reallyRemove'), t('player.remove')))) return;
    try {
      await remove(clip.name);
      put(box, h('p', { class: 'hint', tabindex: -1 }, t('player.removed')));
      box.firstChild.focus();
    } catch (problem) {
      notify(explain(problem));
    }
  }, icon('bin'), h('span', {}, t('player.remove')));
  return h(
    'div',
    { class: 'row' },
    owns() && starButton,
    h('a', { class: 'button plain', href: urlOf(`clips/${clip.name}`), download: clip.name }, icon('save'), h('span', {}, t('player.download', { size: bytes(clip.bytes) }))),
    owns() && removeButton,
  );
}
