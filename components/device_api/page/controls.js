// SPDX-License-Identifier: Apache-2.0
/** Controls that several views have: language, a rule's switch, the owner's token. */

import { ask } from './api.js';
import { freshId, h } from './dom.js';
import { language, LANGUAGES, loadLanguage, t } from './i18n.js';
import { owns, refreshSession, titleOf } from './live.js';
import { explain, notify } from './notices.js';

/** A labelled selection; the page is drawn anew when it changes. */
export function languageChoice() {
  const choice = h(
    'select',
    { id: 'language' },
    Object.entries(LANGUAGES).map(([code, name]) => h('option', { value: code, selected: code === language(), lang: code }, name)),
  );
  choice.addEventListener('change', async () => {
    try {
      await loadLanguage(choice.value);
      dispatchEvent(new Event('language'));
    } catch {
      choice.value = language();
      notify(t('problem.away'));
    }
  });
  return h('div', { class: 'language' }, h('label', { for: 'language' }, t('frame.language')), choice);
}

/** A labelled switch. */
export function ruleSwitch(rule, enabled) {
  const box = h('input', { type: 'checkbox', role: 'switch', checked: enabled, disabled: !owns() });
  box.addEventListener('change', async () => {
    box.disabled = true;
    try {
      await ask('PUT', `rules/${encodeURIComponent(rule)}/enabled`, { enabled: box.checked });
    } catch (problem) {
      box.checked = !box.checked;
      notify(explain(problem));
    }
    box.disabled = false;
  });
  return h('label', { class: 'switch' }, box, h('span', {}, titleOf(rule)));
}

/** `node` to show, `value` as typed, `keep()` sets it and logs this browser in with it. */
export function tokenForm() {
  const id = freshId();
  const input = h('input', {
    id,
    type: 'text',
    autocomplete: 'off',
    minlength: 12,
    maxlength: 64,
    pattern: '[!-~]+',
    spellcheck: 'false',
    autocapitalize: 'none',
    'aria-describedby': `${id}-help`,
  });
  return {
    node: h(
      'div',
      { class: 'field' },
      h('label', { for: id }, t('token.another')),
      input,
      h('p', { class: 'hint', id: `${id}-help` }, t('token.help')),
    ),
    get value() {
      return input.value;
    },
    async keep() {
      const token = input.value;
      await ask('PUT', 'token', { token });
      await ask('POST', 'session', { token });
      input.value = '';
      await refreshSession();
    },
  };
}
