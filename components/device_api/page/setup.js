// SPDX-License-Identifier: Apache-2.0
/** The page on the device's own access point: names a Wi-Fi, and says where the device is found then. */

import { h, put } from './dom.js';
import { languageChoice } from './form.js';
import { loadLanguage, t } from './i18n.js';
import { joinForm } from './wifi.js';

let life = null; // until the page is drawn in another language

function draw() {
  life?.abort();
  life = new AbortController();
  put(
    document.body,
    h(
      'main',
      { class: 'panel welcome' },
      h('p', { class: 'over' }, t('welcome.over')),
      h('h1', {}, t('setup.title')),
      h('p', {}, t('welcome.networkHelp')),
      joinForm(life.signal, true),
      h('p', { class: 'hint' }, h('a', { href: 'index.html' }, t('setup.all'))),
      languageChoice(),
    ),
    h('div', { id: 'notices', role: 'status' }),
  );
}

await loadLanguage();
draw();
addEventListener('language', draw);
