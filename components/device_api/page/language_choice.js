// SPDX-License-Identifier: Apache-2.0
/** A choice of the page's language. */

import { h } from './dom.js';
import { LANGUAGES, language, loadLanguage, t } from './i18n.js';

/** A labelled selection; the page is drawn anew when it changes. */
export function languageChoice() {
  const choice = h(
    'select',
    { id: 'language' },
    Object.entries(LANGUAGES).map(([code, name]) => h('option', { value: code, selected: code === language(), lang: code }, name)),
  );
  choice.addEventListener('change', async () => {
    await loadLanguage(choice.value);
    dispatchEvent(new Event('language'));
  });
  return h('div', { class: 'language' }, h('label', { for: 'language' }, t('frame.language')), choice);
}
