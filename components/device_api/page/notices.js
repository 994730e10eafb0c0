// SPDX-License-Identifier: Apache-2.0
/** Short messages at the screen's edge, and questions that must be answered first. */

import { h, put } from './dom.js';
import { t } from './i18n.js';

const SHOWN_MS = 6000;

/** Say something for a few seconds. */
export function notify(text) {
  const note = h('p', { class: 'note' }, text);
  put(document.getElementById('notices'), note);
  setTimeout(() => note.remove(), SHOWN_MS);
}

/**
 * Ask before something is done that cannot be undone.
 * @param {string} question
 * @param {string} yes what the button says that does it
 * @returns {Promise<boolean>}
 */
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
