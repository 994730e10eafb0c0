// SPDX-License-Identifier: Apache-2.0
/** Network: how the device is connected, its Wi-Fi, and whom it tells of events. */

import { ask, get } from './api.js';
import { facts, panel } from './controls.js';
import { button, h, put, say } from './dom.js';
import { number, t } from './i18n.js';
import { keepFresh, live, owns, watch } from './live.js';
import { knownNetworks } from './known_networks.js';
import { explain, notify } from './notices.js';
import { settingsForm } from './settings_form.js';
import { homeLink, joinForm, signalText } from './wifi.js';

const EVERY_MS = 5000;

/** Fill `root` until the signal. */
export function show(root, signal) {
  const wifi = panel('wifi', t('network.wifi'));
  wifi.hidden = true;
  if (owns()) wifi.append(h('details', {}, h('summary', {}, t('wifi.another')), joinForm(signal)), known(signal));
  put(
    root,
    h('h1', {}, t('network.title')),
    h(
      'div',
      { class: 'columns' },
      panel('link', t('network.link'), link(signal, (network) => (wifi.hidden = !owns() || network.kind !== 'wifi'))),
      wifi,
      owns() && panel('mqtt', t('network.mqtt'), mqtt(signal)),
      owns() && panel('webhook', t('network.webhook'), webhook(signal)),
    ),
  );
}

function link(signal, told) {
  const shown = h('div');
  const trouble = h('p', { class: 'error', role: 'alert' });
  watch(['link'], signal, () => shown.classList.toggle('stale', live.link !== 'live'));
  keepFresh(signal, EVERY_MS, async () => {
    try {
      const network = await get('network');
      if (signal.aborted) return;
      told(network);
      say(trouble, '');
      put(shown, facts('network', linkOf(network)));
    } catch (problem) {
      if (!signal.aborted) say(trouble, explain(problem));
    }
  });
  return h('div', {}, trouble, shown);
}

const linkOf = ({ kind, state, reason, ssid, rssi_dbm: rssi, interface: name, address, hostname, setup }) => [
  ['state', kind === 'none' ? null : t(`network.${state}`), state !== 'up'],
  ['reason', reason, state !== 'up'],
  ['ssid', ssid],
  ['signal', rssi === null ? null : signalText(rssi)],
  ['interface', name],
  ['address', address ?? location.host],
  ['name', hostname && homeLink(hostname)],
  ['setupName', setup?.ssid],
  ['setupPassword', setup?.password],
];

const known = (signal) => settingsForm('network', [{ name: 'known', make: knownNetworks }, { name: 'country' }], signal);

function mqtt(signal) {
  const state = h('div');
  const form = settingsForm(
    'mqtt',
    [
      { name: 'on', kind: 'switch' },
      { name: 'host' },
      { name: 'port', kind: 'number' },
      { name: 'user' },
      { name: 'password', kind: 'secret', isSet: 'password_set' },
      { name: 'tls', kind: 'switch' },
      { name: 'ca', kind: 'area', when: ({ tls }) => tls },
      { name: 'fingerprint', when: ({ tls }) => tls },
      { name: 'version', kind: 'choice', options: ['3.1.1', '5'], more: true },
      { name: 'discovery', kind: 'choice', options: ['device', 'entities'], more: true },
      { name: 'discovery_prefix', more: true },
      { name: 'topic_prefix', more: true },
    ],
    signal,
    { told: ({ on, online, connection }) => put(state, facts('mqtt', [['connection', connection, on && !online]])) },
  );
  return h('div', {}, h('p', { class: 'hint' }, t('mqtt.about')), state, form);
}

function webhook(signal) {
  const state = h('div');
  const form = settingsForm(
    'webhook',
    [
      { name: 'on', kind: 'switch' },
      { name: 'url' },
      { name: 'secret', kind: 'secret', isSet: 'has_secret' },
      { name: 'ca', kind: 'area', more: true },
      { name: 'fingerprint', more: true },
    ],
    signal,
    { told: (told) => put(state, facts('webhook', deliveryOf(told)), told.on && test) },
  );
  const test = button({}, async () => {
    try {
      await ask('POST', 'webhook/test');
      notify(t('webhook.tested'));
    } catch (problem) {
      notify(explain(problem));
    }
  }, t('webhook.test'));
  return h('div', {}, h('p', { class: 'hint' }, t('webhook.about')), state, form);
}

const deliveryOf = ({ on, last, waiting, dropped, delivered }) => [
  ['last', last],
  ...(on ? [['delivered', number(delivered)], ['waiting', number(waiting)], ['dropped', number(dropped), dropped > 0]] : []),
];
