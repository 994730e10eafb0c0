// SPDX-License-Identifier: Apache-2.0
/** The page at the device's own access point: which network shall it join? */

import { ask, get } from './api.js';
import { h, put, say } from './dom.js';
import { loadLanguage, t } from './i18n.js';

const LOOK_MS = 1000;
const SILENCES = 8; // after which the phone is taken to have left the access point

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const verdict = h('p', { role: 'status', class: 'hint' });
const name = h('input', { id: 'ssid', required: true, maxlength: 32, autocapitalize: 'none', spellcheck: 'false' });
const choices = h('div', { class: 'row', role: 'group' });
const password = h('input', { id: 'password', type: 'password', minlength: 8, maxlength: 64, autocomplete: 'off' });
const submit = h('button', { class: 'primary', type: 'submit' });

async function look() {
  say(verdict, t('setup.looking'));
  try {
    const { networks } = (await ask('POST', 'network/scan')).data;
    put(choices, networks.map(({ ssid }) => h('button', { type: 'button', onclick: () => choose(ssid) }, ssid)));
    say(verdict, networks.length ? '' : t('setup.none'));
  } catch {
    say(verdict, t('setup.none'));
  }
}

function choose(ssid) {
  name.value = ssid;
  password.focus();
}

async function join(event) {
  event.preventDefault();
  if (submit.disabled) return;
  submit.disabled = true;
  say(verdict, t('setup.trying', { network: name.value }));
  try {
    await ask('POST', 'network/join', { ssid: name.value, password: password.value });
    say(verdict, await outcome());
  } catch (problem) {
    say(verdict, problem.message || t('setup.away'));
  }
  submit.disabled = false;
}

/** How it went, in words. */
async function outcome() {
  for (let silences = 0; silences < SILENCES; await pause(LOOK_MS)) {
    try {
      const { attempt, address, hostname } = await get('network');
      if (attempt.state === 'joined') return t('setup.joined', { name: `http://${hostname}.local/`, address: `http://${address}/` });
      if (attempt.state === 'failed') return t('setup.failed', { reason: attempt.reason });
      silences = 0;
    } catch {
      silences += 1;
    }
  }
  return t('setup.away');
}

await loadLanguage();
put(submit, t('setup.join'));
put(
  document.body,
  h(
    'main',
    {},
    h(
      'form',
      { class: 'panel login', onsubmit: join },
      h('h1', {}, t('setup.title')),
      choices,
      h('label', { for: 'ssid' }, t('setup.network')),
      name,
      h('label', { for: 'password' }, t('setup.password')),
      password,
      submit,
      verdict,
    ),
  ),
);
look();
