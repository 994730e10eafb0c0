// SPDX-License-Identifier: Apache-2.0
/** The page's frame: navigation, the device's standing, mute, and one view at a time. */

import { h, icon, put, say } from './dom.js';
import { ago, clock, loadLanguage, t } from './i18n.js';
import { deviceNow, live, owns, refreshSession, setMuted, titleOf, watch } from './live.js';
import { explain, notify } from './notices.js';
import * as device from './view_device.js';
import * as login from './view_login.js';
import * as network from './view_network.js';
import * as now from './view_now.js';
import * as rules from './view_rules.js';
import * as timeline from './view_timeline.js';
import * as welcome from './view_welcome.js';

// All of them at once: when the device is away, there is nowhere to get another one from.
const SHOWN = { now, timeline, rules, network, device, login, welcome };
const VIEWS = ['now', 'timeline', 'rules', 'network', 'device'];
const page = document.body;
let leave = null;
let shownFor = null;
let frameLife = null;
let forever = null; // until the frame is drawn in another language

function frame() {
  frameLife?.abort();
  frameLife = new AbortController();
  forever = frameLife.signal;
  put(
    page,
    h('a', { class: 'skip', href: '#main', onclick: toMain }, t('frame.skip')),
    h('header', { class: 'bar' }, brand(), standingMark(), muteButton()),
    h(
      'nav',
      { 'aria-label': t('frame.views') },
      VIEWS.map((view) => h('a', { href: `#/${view}`, id: `nav-${view}` }, icon(view), h('span', {}, t(`${view}.title`)))),
    ),
    h('div', { class: 'middle' }, banner(), h('main', { id: 'main', tabindex: -1 })),
    h('div', { id: 'announcer', class: 'sr', 'aria-live': 'polite' }),
    h('div', { id: 'notices', role: 'status' }),
  );
}

function toMain(event) {
  event.preventDefault();
  document.getElementById('main').focus();
}

function brand() {
  const name = h('span');
  watch(['session', 'settings'], forever, () => {
    say(name, live.settings?.name ?? live.session?.name ?? 'YAMNet');
    document.title = name.textContent;
  });
  return h('a', { class: 'brand', href: '#/now' }, h('img', { src: 'icon.svg', alt: '', width: 28, height: 28 }), name);
}

/** 'live', 'muted', 'deaf' (no sound comes in), 'away' or 'connecting'. */
function standingNow() {
  if (live.link !== 'live' || !live.state) return live.link === 'away' ? 'away' : 'connecting';
  if (live.state.muted) return 'muted';
  return live.state.listening ? 'live' : 'deaf';
}

function standingMark() {
  const text = h('span');
  const node = h('p', { class: 'standing', id: 'standing' }, h('i', { 'aria-hidden': 'true' }), text);
  watch(['link', 'state'], forever, () => {
    node.hidden = live.link === 'closed';
    node.dataset.standing = standingNow();
    say(text, t(`standing.${standingNow()}`));
  });
  return node;
}

function muteButton() {
  const label = h('span');
  const face = h('span', { class: 'face' });
  const node = h('button', { type: 'button', class: 'mute', id: 'mute' }, face, label);
  node.addEventListener('click', async () => {
    node.setAttribute('aria-busy', 'true');
    try {
      await setMuted(!live.state.muted);
    } catch (problem) {
      notify(explain(problem));
    } finally {
      node.removeAttribute('aria-busy');
    }
  });
  let shown = null;
  watch(['state', 'session'], forever, () => {
    const muted = live.state?.muted ?? false;
    node.hidden = !owns();
    node.disabled = !live.state;
    node.classList.toggle('is-muted', muted);
    if (shown === muted) return;
    shown = muted;
    put(face, icon(muted ? 'off' : 'mic'));
    say(label, t(muted ? 'mute.off' : 'mute.on'));
  });
  return node;
}

/** What has to be said on every view: the device is away, or its microphone is off. */
function banner() {
  const node = h('div', { class: 'banner', id: 'banner', role: 'status' });
  watch(['link', 'state', 'tick'], forever, () => {
    const standing = standingNow();
    node.hidden = live.link === 'closed' || standing === 'live' || (standing === 'connecting' && !live.heardAt);
    node.dataset.standing = standing;
    say(node, node.hidden ? '' : bannerText(standing));
  });
  return node;
}

function bannerText(standing) {
  if (standing === 'muted') return t('banner.muted');
  if (standing === 'deaf') return t('banner.deaf');
  if (!live.heardAt) return [t('banner.never'), live.refusal].filter(Boolean).join(' ');
  const seconds = Math.round((Date.now() - live.heardAt) / 10000) * 10; // said seldom, for those who hear the page
  return [t('banner.away', { time: clock(live.heardAt), ago: ago(seconds) }), live.refusal].filter(Boolean).join(' ');
}

const reader = () => JSON.stringify(live.session, ['owner', 'read', 'listen']);

/** Show what the address asks for, or what has to come before. */
function route() {
  leave?.abort();
  leave = new AbortController();
  const { signal } = leave;
  const [, view = 'now', ...rest] = location.hash.split('/');
  shownFor = reader();
  const wanted = live.session?.read === false ? 'login' : Object.hasOwn(SHOWN, view) ? view : 'now';
  page.dataset.view = wanted;
  for (const each of VIEWS) {
    const link = document.getElementById(`nav-${each}`);
    if (each === wanted) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  const main = document.getElementById('main');
  put(main);
  scrollTo(0, 0);
  if (live.session) SHOWN[wanted].show(main, signal, rest);
  else main.append(h('p', { class: 'hint' }, t('standing.connecting')));
}

/** Draw everything anew: at the start, and in another language. */
export function draw() {
  frame();
  route();
}

function greet() {
  if (live.link === 'live' && owns() && live.settings && !live.settings.configured && page.dataset.view !== 'welcome') location.hash = '#/welcome';
}

await loadLanguage();
draw();
addEventListener('hashchange', route);
addEventListener('language', draw);
// A view is drawn for who reads it: somebody else, and it is drawn anew.
live.addEventListener('session', () => shownFor !== reader() && route());
live.addEventListener('settings', greet);
live.addEventListener('begun', ({ detail }) => {
  const announcer = document.getElementById('announcer');
  put(announcer, h('p', {}, t('event.begun', { title: titleOf(detail.rule), time: clock(deviceNow(), false) })));
});
refreshSession();
