// SPDX-License-Identifier: Apache-2.0
/** What forms are made of. They know nothing of the device. */

import { freshId, h, icon, put, say } from './dom.js';
import { language, LANGUAGES, loadLanguage, t } from './i18n.js';
import { notify } from './notices.js';

/** A number as typed, with a comma or a point; text that is none stays text, so that the device says so. */
export function toNumber(text) {
  const plain = text.trim().replace(',', '.').replace('−', '-');
  if (plain === '') return undefined;
  return Number.isNaN(Number(plain)) ? text : Number(plain);
}

/** A field for what programs read. */
export const textInput = (id, attributes) =>
  h('input', { id, type: 'text', autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', ...attributes });

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

/**
 * A control with its label, help, and room for what is wrong with it. `id` is of the part that the label is for; a group has
 * none.
 * @returns {{node: Element, blame: (reason: string) => void, clear: () => void}}
 */
export function field(control, { path, kind = 'text', label, help, id }) {
  const own = id ?? freshId();
  const error = h('p', { class: 'error', id: `${own}-error` });
  const hint = help && h('span', { class: 'hint', id: `${own}-help` }, help);
  const attributes = { class: `field ${kind}`, 'data-field': path };
  const node = id
    ? h('div', attributes, h('label', { for: id }, label), control, hint, error)
    : h('div', { ...attributes, role: 'group', 'aria-labelledby': `${own}-label` }, h('span', { class: 'label', id: `${own}-label` }, label), control, hint, error);
  const inputs = () => node.querySelectorAll('input, select, textarea');
  for (const input of inputs()) if (input.type !== 'range') input.setAttribute('aria-describedby', `${hint ? `${own}-help ` : ''}${own}-error`);
  return {
    node,
    blame(reason) {
      say(error, reason);
      node.classList.add('wrong');
      inputs().forEach((input) => input.setAttribute('aria-invalid', 'true'));
      for (let around = node.closest('details'); around; around = around.parentElement.closest('details')) around.open = true;
    },
    clear() {
      say(error, '');
      node.classList.remove('wrong');
      inputs().forEach((input) => input.removeAttribute('aria-invalid'));
    },
  };
}

/** A switch, of which `box` is the part that is on or off. */
export const toggle = (box, label, help) => h('label', { class: 'switch' }, box, h('span', {}, label, help && h('small', {}, help)));

/** The box of a switch. */
export const toggleBox = (attributes) => h('input', { type: 'checkbox', role: 'switch', ...attributes });

/**
 * A field for a password that the device never tells: what is typed replaces it, and it can be taken away.
 * @returns {{node: Element, value: string | undefined, show: (isSet: boolean) => void}} the value is undefined if it is to stay
 */
export function secret(id) {
  const input = textInput(id, { type: 'password', autocomplete: 'new-password' });
  let removed = false;
  const say = (key) => (input.placeholder = t(`secret.${key}`));
  const remove = h('button', { type: 'button', class: 'plain', 'aria-label': t('secret.remove'), onclick: () => {
    removed = true;
    input.value = '';
    remove.hidden = true;
    say('removed');
    input.dispatchEvent(new Event('input', { bubbles: true }));
    input.focus();
  } }, icon('close'));
  const reveal = h('button', { type: 'button', class: 'plain', 'aria-pressed': 'false', 'aria-label': t('secret.reveal'), onclick: () => {
    const hide = input.type === 'text';
    input.type = hide ? 'password' : 'text';
    reveal.setAttribute('aria-pressed', String(!hide));
    put(reveal, icon(hide ? 'eye' : 'hidden'));
  } }, icon('eye'));
  return {
    node: h('span', { class: 'masked' }, input, reveal, remove),
    get value() {
      return input.value || (removed ? '' : undefined);
    },
    show(isSet) {
      input.value = '';
      removed = false;
      remove.hidden = !isSet;
      say(isSet ? 'set' : 'none');
    },
  };
}
