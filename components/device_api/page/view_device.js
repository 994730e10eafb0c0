// SPDX-License-Identifier: Apache-2.0
/** Device: how it is, what it is, what its owner has set. */

import { ask, get } from './api.js';
import { languageChoice, tokenForm } from './controls.js';
import { button, h, put, say } from './dom.js';
import { ago, bytes, lasting, moment, number, t } from './i18n.js';
import { live, owns, refreshFacts, refreshSession, watch } from './live.js';
import { confirmed, explain, notify } from './notices.js';

const EVERY_MS = 15000;
let restart = null; // when it was asked for, and the uptime then: a restart that was asked for

/** Fill `root` until the signal. */
export function show(root, signal) {
  const trouble = h('p', { class: 'error', role: 'alert' });
  const health = h('div');
  const steps = h('ol', { class: 'steps' });
  const storage = h('div');
  const what = h('div');
  const network = h('div');
  const asOf = h('p', { class: 'hint num' });
  let read = null; // when status was read

  put(
    root,
    h('h1', {}, t('device.title')),
    trouble,
    asOf,
    h(
      'div',
      { class: 'device' },
      panel('health', health, h('details', {}, h('summary', {}, t('device.steps')), steps)),
      panel('storage', storage),
      panel('network', network),
      panel('what', what),
      owns() && panel('settings', settings(signal)),
      owns() && panel('clock', clock(signal)),
      owns() && panel('token', tokenChange()),
      owns() && panel('log', log(signal)),
      panel('page', languageChoice(), session()),
      owns() && panel('restart', restarting(signal)),
    ),
  );

  watch(['link', 'facts'], signal, load);
  const timer = setInterval(load, EVERY_MS);
  signal.addEventListener('abort', () => clearInterval(timer));
  live.addEventListener('tick', sayAge, { signal });

  async function load() {
    if (live.link !== 'live') {
      sayAge();
      return;
    }
    try {
      const status = await get('status');
      if (signal.aborted) return;
      read = Date.now();
      say(trouble, '');
      put(health, facts(healthOf(status)));
      put(steps, status.boot.steps.map(step));
      put(storage, facts(storageOf(status.storage)));
      put(network, facts(networkOf(status.network)));
      put(what, facts(whatOf(status)));
    } catch (problem) {
      if (!signal.aborted) say(trouble, explain(problem));
    }
    sayAge();
  }

  function sayAge() {
    const old = live.link !== 'live';
    for (const part of [health, steps, storage, network, what]) part.classList.toggle('stale', old);
    say(asOf, read === null ? t('device.reading') : old ? t('device.asOf', { time: moment(read) }) : t('device.fresh', { ago: ago(Math.floor((Date.now() - read) / 5000) * 5) }));
  }
}

const panel = (name, ...content) =>
  h('section', { class: `panel p-${name}`, 'aria-labelledby': `h-${name}` }, h('h2', { id: `h-${name}` }, t(`device.${name}`)), ...content);

/** A list of what is known; what the device does not say is left out. */
const facts = (rows) =>
  h(
    'dl',
    { class: 'facts' },
    rows
      .filter(([, value]) => value !== null && value !== undefined && value !== '')
      .map(([key, value, bad]) => h('div', { class: bad ? 'bad' : null }, h('dt', {}, t(`fact.${key}`)), h('dd', { class: 'num' }, value))),
  );

const ms = (us) => `${number(us / 1000, 1)} ms`;

function healthOf({ boot, selftest, inference, audio, memory, uptime_ms: uptime, events }) {
  return [
    ['ready', t(boot.ready ? 'fact.yes' : 'fact.no'), !boot.ready],
    ['uptime', lasting(uptime / 1000)],
    ['starts', t('fact.startsValue', { n: boot.count, reason: boot.reset_reason }), boot.panics > 0],
    ['panics', boot.panics ? number(boot.panics) : null, true],
    ['selftest', selftest && t(selftest.passed ? 'fact.passed' : 'fact.failed', { n: selftest.differing_outputs }), selftest && !selftest.passed],
    ['inference', inference && inference.patches ? t('fact.inferenceValue', { p50: ms(inference.p50_us), max: ms(inference.max_us) }) : null],
    ['patches', inference && number(inference.patches)],
    ['overruns', audio && number(audio.overruns), audio?.overruns > 0],
    ['gaps', audio && number(audio.gaps), audio?.gaps > 0],
    ['microphone', audio && `${audio.source}${audio.alive ? '' : ` – ${t('fact.dead')}`}`, audio && !audio.alive],
    ['events', events && number(events.events)],
    ['heap', memory?.free_heap != null ? t('fact.memoryValue', { free: bytes(memory.free_heap), least: bytes(memory.min_free_heap) }) : null],
    ['psram', memory?.free_psram != null ? t('fact.memoryValue', { free: bytes(memory.free_psram), least: bytes(memory.min_free_psram) }) : null],
  ];
}

const step = ({ name, ok, ms: taken, attempts, message }) =>
  h('li', { class: ok ? null : 'bad' }, h('strong', {}, name), h('span', {}, ok ? message : `${t('fact.failedStep')}: ${message}`), h('span', { class: 'num dim' }, `${number(taken)} ms${attempts > 1 ? ` × ${attempts}` : ''}`));

function storageOf(storage) {
  if (!storage) return [['volume', t('fact.none'), true]];
  const lost = storage.samples_dropped + storage.lines_dropped + storage.events_dropped;
  return [
    ['volume', storage.volume ?? t('fact.none'), !storage.volume],
    ['volumes', storage.volumes?.map(({ name, state }) => `${name}: ${state}`).join(', ') || null],
    ['clips', number(storage.clips)],
    ['written', number(storage.clips_written)],
    ['removed', number(storage.clips_removed)],
    ['lost', number(lost), lost > 0],
    ['recording', storage.recording],
    ['lastError', storage.last_error, true],
  ];
}

const networkOf = (network) =>
  network
    ? [
        ['interface', network.interface],
        ['address', network.address ?? location.host],
        ['hostname', network.hostname],
      ]
    : [['address', location.host]];

function whatOf({ firmware, model, target, kernels, arena }) {
  return [
    ['firmware', `${firmware.name} ${firmware.version}`],
    ['built', firmware.built],
    ['idf', firmware.idf === 'none' ? null : firmware.idf],
    ['target', target],
    ['model', model && t('fact.modelValue', { classes: number(model.classes), size: bytes(model.bytes) })],
    ['sha', model && h('code', {}, model.sha256)],
    ['frontEnd', model?.front_end],
    ['kernels', kernels],
    ['arena', arena && t('fact.arenaValue', { used: bytes(arena.used), size: bytes(arena.size) })],
  ];
}

function settings(signal) {
  const text = (name, attributes) => h('input', { id: `set-${name}`, autocomplete: 'off', maxlength: 64, ...attributes });
  const name = text('name', { required: true });
  const place = text('place');
  const reading = h('input', { type: 'checkbox', role: 'switch' });
  const audio = h('input', { type: 'checkbox', role: 'switch' });
  const error = h('p', { class: 'error', role: 'alert' });
  const form = h(
    'form',
    { onsubmit: keep },
    h('div', { class: 'field' }, h('label', { for: 'set-name' }, t('settings.name')), name),
    h('div', { class: 'field' }, h('label', { for: 'set-place' }, t('settings.place')), place),
    h('label', { class: 'switch' }, reading, h('span', {}, t('settings.reading'), h('small', {}, t('settings.readingHelp')))),
    h('label', { class: 'switch' }, audio, h('span', {}, t('settings.audio'), h('small', {}, t('settings.audioHelp')))),
    error,
    h('button', { class: 'primary', type: 'submit' }, t('frame.save')),
  );
  let touched = false;
  form.addEventListener('input', () => (touched = true));
  watch(['settings'], signal, () => {
    if (!live.settings || touched) return;
    name.value = live.settings.name;
    place.value = live.settings.place;
    reading.checked = live.settings.open_reading;
    audio.checked = live.settings.open_audio;
  });

  async function keep(event) {
    event.preventDefault();
    say(error, '');
    try {
      await ask('PUT', 'settings', { name: name.value.trim(), place: place.value.trim(), open_reading: reading.checked, open_audio: audio.checked });
      touched = false;
      notify(t('settings.saved'));
      await refreshFacts();
    } catch (problem) {
      say(error, explain(problem));
    }
  }
  return form;
}

function clock(signal) {
  const zone = h('input', { id: 'zone', autocomplete: 'off', maxlength: 64, placeholder: 'Europe/Berlin' });
  const server = h('input', { id: 'time-server', autocomplete: 'off', maxlength: 253 });
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const time = h('p', { class: 'hint num' });
  const error = h('p', { class: 'error', role: 'alert' });
  const show = (told) => {
    zone.value = told.time_zone;
    server.value = told.time_server;
    say(time, told.utc === null ? t('clock.none') : t('clock.now', { time: moment(Date.parse(told.utc)) }));
  };
  const tried = (act) => act().then(show, (problem) => signal.aborted || say(error, explain(problem)));
  live.addEventListener('facts', () => tried(() => get('clock')), { signal, once: true });
  if (live.link === 'live') tried(() => get('clock'));
  const keep = async (event) => {
    event.preventDefault();
    say(error, '');
    await tried(async () => {
      const { data } = await ask('PUT', 'clock', { time_zone: zone.value.trim(), time_server: server.value.trim() });
      notify(t('settings.saved'));
      return data;
    });
  };
  return h(
    'form',
    { onsubmit: keep },
    time,
    h('div', { class: 'field' }, h('label', { for: 'zone' }, t('clock.zone')), zone, h('p', { class: 'hint' }, t('clock.zoneHelp', { here }))),
    h('div', { class: 'field' }, h('label', { for: 'time-server' }, t('clock.server')), server),
    error,
    h('button', { type: 'submit' }, t('frame.save')),
  );
}

function tokenChange() {
  const token = tokenForm();
  const error = h('p', { class: 'error', role: 'alert' });
  return h(
    'form',
    {
      onsubmit: async (event) => {
        event.preventDefault();
        say(error, '');
        if (!token.value || !(await confirmed(t('token.really'), t('token.change')))) return;
        try {
          await token.keep();
          notify(t('token.changed'));
        } catch (problem) {
          say(error, explain(problem));
        }
      },
    },
    token.node,
    error,
    h('button', { type: 'submit' }, t('token.change')),
  );
}

function log(signal) {
  const lines = h('pre', { tabindex: 0, 'aria-label': t('device.log') });
  const error = h('p', { class: 'error', role: 'alert' });
  const read = button({}, load, t('log.read'));

  async function load() {
    try {
      const told = await get('log');
      if (signal.aborted) return;
      say(error, '');
      put(lines, told.lines.join('\n'));
      lines.hidden = false;
      lines.scrollTop = lines.scrollHeight;
      say(read, t('log.again'));
    } catch (problem) {
      say(error, explain(problem));
    }
  }
  lines.hidden = true;
  return h('div', {}, lines, error, read);
}

function session() {
  if (!owns()) return h('p', {}, h('a', { class: 'button', href: '#/login' }, t('login.asOwner')));
  return button({}, async () => {
    await ask('DELETE', 'session').catch((problem) => notify(explain(problem)));
    await refreshSession();
    if (live.link !== 'closed') location.hash = '#/now';
  }, t('login.leave'));
}

function restarting(signal) {
  const progress = h('p', { role: 'status', id: 'restarting' });
  const act = button({ class: 'danger' }, async () => {
    if (!(await confirmed(t('restart.really'), t('device.restart')))) return;
    try {
      const uptime = live.state?.uptime_ms ?? 0;
      await ask('POST', 'restart');
      restart = { asked: Date.now(), uptime };
      update();
    } catch (problem) {
      notify(explain(problem));
    }
  }, t('device.restart'));

  const update = () => {
    if (!restart) return;
    const seconds = Math.round((Date.now() - restart.asked) / 1000);
    const back = live.state && live.state.uptime_ms < restart.uptime;
    act.disabled = !back;
    say(progress, t(back ? 'restart.back' : 'restart.going', { time: lasting(Math.max(1, seconds)) }));
    if (back) restart = null;
  };
  watch(['state', 'tick'], signal, update);
  return h('div', {}, h('p', { class: 'hint' }, t('restart.help')), progress, act);
}
