// SPDX-License-Identifier: Apache-2.0
/** What several views have: panels, facts, a rule's switch, the owner's token. */

import { ask } from './api.js';
import { freshId, h } from './dom.js';
import { field, textInput, toggle, toggleBox } from './form.js';
import { t } from './i18n.js';
import { owns, refreshSession, titleOf } from './live.js';
import { explain, notify } from './notices.js';

/** A part of a view. */
export const panel = (name, title, ...content) =>
  h('section', { class: `panel p-${name}`, 'aria-labelledby': `h-${name}` }, h('h2', { id: `h-${name}` }, title), ...content);

/** A list of what is known, of [name, value, whether it is bad]; what the device does not say is left out. */
export const facts = (texts, rows) =>
  h(
    'dl',
    { class: 'facts' },
    rows
      .filter(([, value]) => value !== null && value !== undefined && value !== '')
      .map(([key, value, bad]) => h('div', { class: bad ? 'bad' : null }, h('dt', {}, t(`${texts}.${key}`)), h('dd', { class: 'num' }, value))),
  );

/** A labelled switch. */
export function ruleSwitch(rule, enabled) {
  const box = toggleBox({ checked: enabled, disabled: !owns() });
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
  return toggle(box, titleOf(rule));
}

/** `node` to show, `value` as typed, `keep()` sets it and logs this browser in with it. */
export function tokenForm() {
  const id = freshId();
  const input = textInput(id, { minlength: 12, maxlength: 64, pattern: '[!-~]+' });
  return {
    node: field(input, { path: 'token', label: t('token.another'), help: t('token.help'), id }).node,
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
