// SPDX-License-Identifier: Apache-2.0
/** Device: how it is, what it is, what its owner has set. */

import { ask, get } from './api.js';
import { facts, panel, tokenForm } from './controls.js';
import { button, h, put, say } from './dom.js';
import { languageChoice } from './form.js';
import { ago, bytes, lasting, moment, number, t } from './i18n.js';
import { keepFresh, live, owns, refreshFacts, refreshSession, watch } from './live.js';
import { confirmed, explain, notify } from './notices.js';
import { expectRestart, restartProgress } from './restart.js';
import { settingsForm } from './settings_form.js';
import { updates } from './updates.js';

const EVERY_MS = 15000;

/** Fill `root` until the signal. */
export function show(root, signal) {
  const trouble = h('p', { class: 'error', role: 'alert' });
  const health = h('div');
  const steps = h('ol', { class: 'steps' });
  const storage = h('div');
  const what = h('div');
  const asOf = h('p', { class: 'hint num' });
  let read = null; // when status was read

  put(
    root,
    h('h1', {}, t('device.title')),
    trouble,
    asOf,
    h(
      'div',
      { class: 'columns' },
      panel('health', t('device.health'), health, h('details', {}, h('summary', {}, t('device.steps')), steps)),
      panel('storage', t('device.storage'), storage),
      panel('what', t('device.what'), what),
      owns() && panel('updates', t('update.title'), updates(signal)),
      owns() && panel('settings', t('device.settings'), settings(signal)),
      owns() && panel('clock', t('device.clock'), clock(signal)),
      owns() && panel('token', t('device.token'), tokenChange()),
      owns() && panel('log', t('device.log'), log(signal)),
      panel('page', t('device.page'), languageChoice(), session()),
      owns() && panel('restart', t('device.restart'), restarting(signal)),
    ),
  );

  watch(['link'], signal, sayAge);
  keepFresh(signal, EVERY_MS, load);
  live.addEventListener('tick', sayAge, { signal });

  async function load() {
    try {
      const status = await get('status');
      if (signal.aborted) return;
      read = Date.now();
      say(trouble, '');
      put(health, facts('fact', healthOf(status)));
      put(steps, status.boot.steps.map(step));
      put(storage, facts('fact', storageOf(status.storage)), owns() && formatting(status.storage));
      put(what, facts('fact', whatOf(status)));
    } catch (problem) {
      if (!signal.aborted) say(trouble, explain(problem));
    }
    sayAge();
  }

  function sayAge() {
    const old = live.link !== 'live';
    for (const part of [health, steps, storage, what]) part.classList.toggle('stale', old);
    say(asOf, read === null ? t('device.reading') : old ? t('device.asOf', { time: moment(read) }) : t('device.fresh', { ago: ago(Math.floor((Date.now() - read) / 5000) * 5) }));
  }
}

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

/** The way back from a volume that holds something else. */
const formatting = (storage) =>
  (storage?.volumes ?? [])
    .filter(({ state }) => state === 'needs format')
    .map(({ name }) =>
      button({ class: 'danger' }, async () => {
        if (!(await confirmed(t('storage.really', { name }), t('storage.format', { name })))) return;
        try {
          await ask('POST', `storage/${name}/format`);
          notify(t('storage.asked', { name }));
        } catch (problem) {
          notify(explain(problem));
        }
      }, t('storage.format', { name })),
    );

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

const settings = (signal) =>
  settingsForm(
    'settings',
    [
      { name: 'name', attributes: { autocapitalize: 'sentences' } },
      { name: 'place', attributes: { autocapitalize: 'sentences' } },
      { name: 'open_reading', kind: 'switch' },
      { name: 'open_audio', kind: 'switch' },
    ],
    signal,
    { kept: refreshFacts },
  );

function clock(signal) {
  const time = h('p', { class: 'hint num' });
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const told = ({ utc }) => say(time, utc === null ? t('clock.none') : t('clock.now', { time: moment(Date.parse(utc)) }));
  const form = settingsForm('clock', [{ name: 'time_zone', attributes: { placeholder: here } }, { name: 'time_server' }], signal, { told });
  return h('div', {}, time, h('p', { class: 'hint' }, t('clock.here', { here })), form);
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
  const act = button({ class: 'danger' }, async () => {
    if (!(await confirmed(t('restart.really'), t('device.restart')))) return;
    try {
      const before = Date.now();
      await ask('POST', 'restart');
      expectRestart('restart', before);
    } catch (problem) {
      notify(explain(problem));
    }
  }, t('device.restart'));
  return h('div', {}, h('p', { class: 'hint' }, t('restart.help')), restartProgress('restart', signal, (going) => (act.disabled = going)), act);
}
