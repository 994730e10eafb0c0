// SPDX-License-Identifier: Apache-2.0
/** What the page says by itself: messages, questions that must be answered first, and what went wrong. */

import { h, put } from './dom.js';
import { lasting, t } from './i18n.js';

const SHOWN_MS = 6000;

/** Say something for a few seconds. */
export function notify(text) {
  const note = h('p', { class: 'note' }, text);
  put(document.getElementById('notices'), note);
  setTimeout(() => note.remove(), SHOWN_MS);
}

/** Ask before something is done that cannot be undone; `yes` is what the button says that does it. */
export function confirmed(question, yes) {
  return new Promise((resolve) => {
    const dialog = h(
      'dialog',
      { 'aria-labelledby': 'question' },
      h(
        'form',
        { method: 'dialog' },
        h('p', { id: 'question' }, question),
        h('div', { class: 'row end' }, h('button', { value: 'no' }, t('frame.cancel')), h('button', { value: 'yes', class: 'danger' }, yes)),
      ),
    );
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** For a `Problem`; the device's own words are in English. */
export function explain(problem) {
  if (problem.status === 0) return t('problem.away');
  if (problem.status === 401) return t('problem.notOwner');
  if (problem.status === 429) return t('problem.wait', { time: lasting(problem.wait || 1) });
  return problem.message || t('problem.other', { n: problem.status });
}
