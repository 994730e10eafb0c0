// SPDX-License-Identifier: Apache-2.0
/** Choosing another owner's token. */

import { freshId, h } from './dom.js';
import { t } from './i18n.js';
import { ask } from './api.js';
import { refreshSession } from './live.js';

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
