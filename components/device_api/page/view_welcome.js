// SPDX-License-Identifier: Apache-2.0
/** First run: token, name, place, rules and, where none is joined, a network, one after the other; each can be passed over. */

import { ask, get } from './api.js';
import { ruleSwitch, tokenForm } from './controls.js';
import { button, h, put, say } from './dom.js';
import { languageChoice } from './form.js';
import { t } from './i18n.js';
import { live, refreshFacts } from './live.js';
import { explain } from './notices.js';
import { joinForm } from './wifi.js';


/** Fill `root` until the signal. */
export async function show(root, signal) {
  const steps = ['token', 'name', 'place', 'rules'];
  const chosen = { name: live.settings?.name ?? 'YAMNet', place: live.settings?.place ?? '' };
  const error = h('p', { class: 'error', role: 'alert' });
  const body = h('div', { class: 'step' });
  const dots = h('ol', { class: 'dots', 'aria-hidden': 'true' });
  put(
    root,
    h(
      'section',
      { class: 'panel welcome', 'aria-labelledby': 'welcome' },
      h('p', { class: 'over' }, t('welcome.over')),
      h('h1', { id: 'welcome' }, t('welcome.title')),
      dots,
      body,
      error,
      languageChoice(),
    ),
  );
  function step(at) {
    say(error, '');
    const name = steps[at];
    const last = at === steps.length - 1;
    put(dots, steps.map((_, index) => h('li', { class: index < at ? 'past' : index === at ? 'at' : '' })));
    const heading = h('h2', { tabindex: -1 }, t('welcome.step', { n: at + 1, of: steps.length, title: t(`welcome.${name}`) }));
    const parts = CONTENT[name]();
    put(
      body,
      heading,
      h('p', {}, t(`welcome.${name}Help`)),
      parts.node,
      h(
        'div',
        { class: 'row' },
        button({ class: 'primary' }, () => forward(at, parts.keep), t(last ? 'welcome.done' : 'welcome.next')),
        !last && button({}, () => forward(at), t('welcome.skip')),
        at > 0 && button({ class: 'plain' }, async () => step(at - 1), t('welcome.back')),
        h('span', { class: 'grow' }),
        !last && button({ class: 'plain' }, finish, t('welcome.skipAll')),
      ),
    );
    if (at > 0) heading.focus();
  }

  async function forward(at, keep) {
    try {
      await keep?.();
      if (at === steps.length - 1) await finish();
      else step(at + 1);
    } catch (problem) {
      say(error, explain(problem));
    }
  }

  async function finish() {
    try {
      const { open_reading, open_audio } = await get('settings');
      await ask('PUT', 'settings', { ...chosen, open_reading, open_audio });
      await refreshFacts();
      if (!signal.aborted) location.hash = '#/now';
    } catch (problem) {
      say(error, explain(problem));
    }
  }

  const CONTENT = {
    token() {
      const form = tokenForm();
      return { node: form.node, keep: () => (form.value ? form.keep() : null) };
    },
    name: () => field('name', { required: true, maxlength: 64 }),
    place: () => field('place', { maxlength: 64, placeholder: t('welcome.placeExample') }),
    rules() {
      const list = h('ul', { class: 'switches' });
      get('rules/states').then(
        ({ rules }) => put(list, rules.map((rule) => h('li', {}, ruleSwitch(rule.name, rule.enabled)))),
        (problem) => say(error, explain(problem)),
      );
      return { node: list };
    },
    network: () => ({ node: joinForm(signal, true) }),
  };

  const network = await get('network').catch(() => null);
  if (network?.kind === 'wifi' && network.state !== 'up') steps.push('network');
  if (!signal.aborted) step(0);

  function field(name, attributes) {
    const input = h('input', { id: name, value: chosen[name], autocomplete: 'off', ...attributes });
    return {
      node: h('div', { class: 'field' }, h('label', { for: name }, t(`welcome.${name}`)), input),
      keep() {
        const text = input.value.trim();
        if (text || !attributes.required) chosen[name] = text;
      },
    };
  }
}
