// SPDX-License-Identifier: Apache-2.0
/** Timeline: what happened in an hour or a day, to look at and to hear. */

import { get } from './api.js';
import { button, h, icon, put, recall, remember, say } from './dom.js';
import { ago, clock, lasting, moment, shortMoment, t } from './i18n.js';
import { drawLanes, isUrgent } from './lanes.js';
import { deviceNow, live, startOf, titleOf, watch } from './live.js';
import { explain } from './notices.js';
import { player } from './player.js';
import { HistoryReader } from './records.js';

const SPANS = { hour: { seconds: 3600, step: 10 }, day: { seconds: 86400, step: 240 } };
const LEVELS_KEPT_S = 86400;
const PAGES = 5;
const LEVELS_EVERY_MS = 30000;

/** Fill `root` until the signal; `selected` is an event's id. */
export function show(root, signal, [selected]) {
  let span = recall('span') === 'day' ? 'day' : 'hour';
  let end = null; // milliseconds; null: now
  let reader = null;
  let complete = true;
  let levels = null;
  let playing = new AbortController();
  const chart = h('div', { class: 'chart' });
  const list = h('ol', { class: 'events' });
  const undatedList = h('ol', { class: 'events' });
  const unknown = h('div', { class: 'undated', hidden: true }, h('h3', {}, t('timeline.undated')), undatedList);
  const note = h('p', { class: 'error', role: 'alert' });
  const detail = h('div', { 'aria-live': 'off' });
  const range = h('p', { class: 'range num', 'aria-live': 'polite' });
  const more = button({ id: 'more', hidden: true }, () => readOn(), t('timeline.more'));

  const to = () => end ?? deviceNow();
  const from = () => to() - SPANS[span].seconds * 1000;

  const first = selected ? live.events.get(selected) : null;
  if (first) lookAt(startOf(first));

  const spanButtons = Object.keys(SPANS).map((each) =>
    h('button', { type: 'button', 'data-span': each, onclick: () => change(() => (span = each)) }, t(`timeline.${each}`)),
  );
  const later = h('button', { type: 'button', class: 'plain', onclick: () => move(1), 'aria-label': t('timeline.later') }, icon('next'));
  const earlier = h('button', { type: 'button', class: 'plain', onclick: () => move(-1), 'aria-label': t('timeline.earlier') }, icon('back'));
  put(
    root,
    h('h1', {}, t('timeline.title')),
    h('div', { class: 'row' }, h('div', { class: 'segments', role: 'group', 'aria-label': t('timeline.span') }, spanButtons), h('span', { class: 'grow' }), earlier, range, later),
    note,
    h('section', { class: 'panel', 'aria-label': t('timeline.chart') }, chart, h('p', { class: 'key' }, h('span', { class: 'k-level' }, t('timeline.level')), h('span', { class: 'k-floor' }, t('timeline.floor')))),
    detail,
    h('section', { 'aria-labelledby': 'h-events' }, h('h2', { id: 'h-events' }, t('timeline.list')), list, unknown, more),
  );

  new ResizeObserver(() => drawChart()).observe(chart);
  watch(['events', 'facts'], signal, draw);
  live.addEventListener('returned', load, { signal });
  const timer = setInterval(() => {
    if (end === null && live.link === 'live') loadLevels().then(draw, () => {});
  }, LEVELS_EVERY_MS);
  signal.addEventListener('abort', () => {
    clearInterval(timer);
    playing.abort();
  });
  if (first) choose(first.id, false);
  load();

  function lookAt(start) {
    if (start === null || start >= from()) return;
    span = 'day';
    if (start < from()) end = start + (SPANS.day.seconds * 1000) / 2;
  }

  function change(set) {
    set();
    remember('span', span);
    load();
  }

  function move(steps) {
    const wanted = to() + steps * SPANS[span].seconds * 1000;
    end = wanted >= deviceNow() - 1000 ? null : wanted;
    load();
  }

  async function load() {
    spanButtons.forEach((each) => each.setAttribute('aria-pressed', String(each.dataset.span === span)));
    later.disabled = end === null;
    levels = null;
    reader = new HistoryReader(end);
    draw();
    await readOn();
  }

  async function readOn() {
    const mine = reader;
    say(note, '');
    list.setAttribute('aria-busy', 'true');
    try {
      const [whole] = await Promise.all([mine.readTo(from(), PAGES), loadLevels()]);
      if (mine !== reader || signal.aborted) return;
      complete = whole;
    } catch (problem) {
      if (mine !== reader || signal.aborted) return;
      say(note, explain(problem));
    }
    list.removeAttribute('aria-busy');
    draw();
    if (selected && !detail.firstChild && live.events.get(selected)) choose(selected, false);
  }

  async function loadLevels() {
    const { step } = SPANS[span];
    const wanted = Math.ceil((deviceNow() - from()) / 1000 / step) * step;
    if (wanted > LEVELS_KEPT_S) return;
    levels = await get(`levels?seconds=${wanted}&step=${step}`);
    levels.end = levels.utc === null ? deviceNow() : Date.parse(levels.utc);
  }

  function shown() {
    return live.events
      .list()
      .map((event) => ({ event, start: startOf(event) }))
      .filter(({ event, start }) => start !== null && start < to() && endOf(event, start) >= from())
      .sort((a, b) => b.start - a.start);
  }

  function draw() {
    say(range, end === null ? t(`timeline.last.${span}`) : `${moment(from())} – ${clock(to(), false)}`);
    more.hidden = complete;
    drawChart();
    const events = shown();
    put(list, events.map(item), !events.length && h('li', { class: 'none' }, t('timeline.none')));
    const undated = live.events.list().filter((event) => startOf(event) === null);
    unknown.hidden = !undated.length;
    put(undatedList, undated.map((event) => item({ event, start: null })));
  }

  function item({ event, start }) {
    return h(
      'li',
      {},
      h(
        'button',
        { type: 'button', 'data-id': event.id, 'aria-current': event.id === selected ? 'true' : null, onclick: () => choose(event.id, true) },
        start === null ? h('span', { class: 'num' }, '–') : h('time', { class: 'num', datetime: new Date(start).toISOString() }, shortMoment(start, deviceNow())),
        h('strong', { class: isUrgent(event.priority) ? 'urgent' : null }, titleOf(event.rule)),
        h('span', { class: 'num' }, event.ended ? lasting(event.duration_s) : t(event.boot === live.boot ? 'event.goesOn' : 'event.cutOff')),
        start !== null && h('span', { class: 'dim' }, ago(Math.max(0, (deviceNow() - start) / 1000))),
      ),
    );
  }

  function drawChart() {
    const lanes = new Map();
    const events = shown();
    for (const { event, start } of events) {
      if (!lanes.has(event.rule)) lanes.set(event.rule, { title: titleOf(event.rule), priority: event.priority, bars: [] });
      lanes.get(event.rule).bars.push({ start, end: endOf(event, start), urgent: isUrgent(event.priority), key: event.id });
    }
    drawLanes(chart, {
      from: from(),
      to: to(),
      lanes: [...lanes.values()].sort((a, b) => b.priority - a.priority),
      levels,
      levelsEnd: levels?.end,
      selected,
      choose: (id) => choose(id, true),
      label: t('timeline.label', { n: events.length, from: clock(from(), false), to: clock(to(), false) }),
    });
  }

  function choose(id, byHand) {
    selected = id;
    history.replaceState(null, '', `#/timeline/${id}`);
    playing.abort();
    playing = new AbortController();
    put(detail, player(live.events.get(id), playing.signal));
    draw();
    if (byHand) {
      document.getElementById('player-title').focus({ preventScroll: true });
      detail.scrollIntoView({ block: 'nearest' });
    }
  }
}

/** When an event ended, or how far it is known. */
function endOf(event, start) {
  if (!event.ended && event.boot === live.boot && live.state) return deviceNow();
  return start + event.duration_s * 1000;
}
