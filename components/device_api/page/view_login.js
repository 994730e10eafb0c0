// SPDX-License-Identifier: Apache-2.0
/** The owner's token, asked for once. */

import { ask } from './api.js';
import { h, put, say } from './dom.js';
import { languageChoice } from './form.js';
import { lasting, t } from './i18n.js';
import { live, refreshSession } from './live.js';
import { explain } from './notices.js';

/** Fill `root` until the signal. */
export function show(root, signal) {
  const error = h('p', { class: 'error', role: 'alert', id: 'login-error' });
  const token = h('input', {
    id: 'token',
    type: 'password',
    autocomplete: 'current-password',
    required: true,
    maxlength: 64,
    'aria-describedby': 'token-help login-error',
    autocapitalize: 'none',
    spellcheck: 'false',
  });
  const submit = h('button', { class: 'primary', type: 'submit' }, t('login.enter'));
  const form = h(
    'form',
    { class: 'panel login', onsubmit: enter },
    h('h1', {}, t('login.title')),
    h('p', { id: 'token-help', class: 'hint' }, t('login.help')),
    h('label', { for: 'token' }, t('login.token')),
    token,
    error,
    submit,
    languageChoice(),
  );
  put(root, form);
  token.focus();

  async function enter(event) {
    event.preventDefault();
    if (submit.disabled) return;
    submit.disabled = true;
    try {
      await ask('POST', 'session', { token: token.value.trim() });
      await refreshSession();
      if (!live.session?.owner) throw new Error('the cookie was not kept');
      location.hash = '#/now';
    } catch (problem) {
      if (signal.aborted) return;
      token.setAttribute('aria-invalid', 'true');
      if (problem.wait) {
        countDown(problem.wait);
        return;
      }
      say(error, explain(problem));
      token.select();
    }
    submit.disabled = false;
  }

  function countDown(seconds) {
    if (signal.aborted) return;
    submit.disabled = seconds > 0;
    say(error, seconds > 0 ? t('problem.wait', { time: lasting(seconds) }) : '');
    if (seconds > 0) setTimeout(() => countDown(seconds - 1), 1000);
    else token.select();
  }
}
