// SPDX-License-Identifier: Apache-2.0
/** Joining a Wi-Fi: the networks in reach, a password, and what became of it. */

import { ask, get } from './api.js';
import { button, freshId, h, put, say } from './dom.js';
import { field, secret, textInput } from './form.js';
import { number, t } from './i18n.js';
import { explain } from './notices.js';

const EVERY_MS = 1000;
const PATIENCE_S = 60;
const GOOD_DBM = -60;
const FAIR_DBM = -75;

/** How strong a signal is, in words and as a number. */
export const signalText = (dbm) => `${t(dbm >= GOOD_DBM ? 'wifi.good' : dbm >= FAIR_DBM ? 'wifi.fair' : 'wifi.poor')}, ${number(dbm)} dBm`;

/** Where a device of this name, or at this address, is found, as a link. */
export function homeLink(host) {
  const address = `http://${host}${host.includes('.') ? '' : '.local'}`;
  return h('a', { href: address }, address);
}

/** A form that joins a network. `looking`: look for networks at once. */
export function joinForm(signal, looking) {
  const id = freshId();
  const networks = h('ul', { class: 'networks' });
  const trouble = h('p', { class: 'error', role: 'alert' });
  const progress = h('p', { role: 'status', class: 'joining' });
  const ssid = textInput(`${id}-ssid`, { required: true });
  const password = secret(`${id}-password`);
  const fields = {
    ssid: field(ssid, { path: 'ssid', label: t('wifi.ssid'), help: t('wifi.ssid.help'), id: ssid.id }),
    password: field(password.node, { path: 'password', label: t('wifi.password'), help: t('wifi.password.help'), id: `${id}-password` }),
  };
  password.show(false);
  const look = button({}, scan, t('wifi.scan'));
  const form = h(
    'form',
    { novalidate: true, onsubmit: (event) => event.preventDefault() },
    h('div', { class: 'body' }, networks, look, fields.ssid.node, fields.password.node),
    trouble,
    progress,
    button({ class: 'primary', type: 'submit' }, join, t('wifi.join')),
  );
  if (looking) look.click();
  return form;

  async function scan() {
    say(trouble, '');
    try {
      const { data } = await ask('POST', 'network/scan');
      if (signal.aborted) return;
      put(networks, data.networks.length ? data.networks.map(choice) : h('li', { class: 'none' }, t('wifi.none')));
    } catch (problem) {
      say(trouble, explain(problem));
    }
  }

  function choice(network) {
    const about = [t(network.secure ? 'wifi.secure' : 'wifi.open'), signalText(network.rssi_dbm)].join(', ');
    const choose = ({ currentTarget }) => {
      ssid.value = network.ssid;
      networks.querySelectorAll('button').forEach((each) => each.setAttribute('aria-pressed', String(each === currentTarget)));
      form.querySelector(`#${id}-password`).focus();
    };
    return h('li', {}, h('button', { type: 'button', 'aria-pressed': 'false', onclick: choose }, h('strong', {}, network.ssid), h('small', {}, about)));
  }

  async function join() {
    say(trouble, '');
    put(progress);
    Object.values(fields).forEach((each) => each.clear());
    try {
      const { hostname } = await get('network');
      await ask('POST', 'network/join', { ssid: ssid.value, password: password.value ?? '' });
      await seeThrough(hostname);
    } catch (problem) {
      put(progress);
      const blamed = fields[problem.pointer?.slice(1)];
      if (blamed) blamed.blame(explain(problem));
      else say(trouble, explain(problem));
    }
  }

  /** Until it has joined, or not; whoever is on the device's own Wi-Fi may lose it meanwhile. */
  async function seeThrough(hostname) {
    const where = () => (hostname ? homeLink(hostname) : '');
    let silent = false;
    for (let left = PATIENCE_S; left > 0 && !signal.aborted; --left) {
      put(progress, t(silent ? 'wifi.silent' : 'wifi.joining', { ssid: ssid.value }), ' ', silent && where());
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
      const told = await get('network').catch(() => null);
      silent = told === null;
      if (told?.attempt?.state === 'failed') {
        put(progress);
        fields.password.blame(told.attempt.reason);
        return;
      }
      if (told?.attempt?.state === 'joined') {
        put(progress, t('wifi.joined', { ssid: told.ssid }), ' ', where(), ' / ', homeLink(told.address));
        return;
      }
    }
  }
}
