// SPDX-License-Identifier: Apache-2.0
/** A field that searches a long list while one types (ARIA's combobox with a listbox). */

import { freshId, h, put } from './dom.js';

const MOST = 8;

/** Those that begin with what was typed first, then those that have it anywhere. */
function matches(options, typed) {
  const wanted = typed.trim().toLowerCase();
  if (!wanted) return [];
  const found = options.filter((each) => each.toLowerCase().includes(wanted));
  return found.sort((a, b) => b.toLowerCase().startsWith(wanted) - a.toLowerCase().startsWith(wanted)).slice(0, MOST);
}

/** `load` promises all there is to choose from; `choose` is told the choice. */
export function combobox(label, load, choose) {
  const id = freshId();
  let options = [];
  let shown = [];
  let at = -1;
  const list = h('ul', { id: `${id}-list`, role: 'listbox', 'aria-label': label, hidden: true });
  const input = h('input', {
    id,
    role: 'combobox',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: label,
    'aria-label': label,
    'aria-expanded': 'false',
    'aria-controls': `${id}-list`,
    'aria-autocomplete': 'list',
  });

  const draw = () => {
    const open = shown.length > 0;
    list.hidden = !open;
    input.setAttribute('aria-expanded', String(open));
    if (at >= 0) input.setAttribute('aria-activedescendant', `${id}-${at}`);
    else input.removeAttribute('aria-activedescendant');
    put(
      list,
      shown.map((each, index) =>
        h(
          'li',
          {
            id: `${id}-${index}`,
            role: 'option',
            'aria-selected': String(index === at),
            onmousedown: (event) => event.preventDefault(), // the field keeps the focus
            onclick: () => take(each),
          },
          each,
        ),
      ),
    );
  };

  const take = (choice) => {
    input.value = '';
    shown = [];
    at = -1;
    draw();
    choose(choice);
  };

  const search = () => {
    shown = matches(options, input.value);
    at = shown.length ? 0 : -1;
    draw();
  };

  input.addEventListener('focus', async () => {
    options = await load().catch(() => []);
    search();
  });
  input.addEventListener('input', search);
  input.addEventListener('blur', () => {
    shown = [];
    draw();
  });
  input.addEventListener('keydown', (event) => {
    const { key } = event;
    if (key === 'ArrowDown' || key === 'ArrowUp') {
      if (shown.length) at = (at + (key === 'ArrowDown' ? 1 : shown.length - 1)) % shown.length;
    } else if (key === 'Enter') {
      event.preventDefault();
      if (shown[at]) take(shown[at]);
      return;
    } else if (key === 'Escape') {
      shown = [];
      at = -1;
    } else {
      return;
    }
    event.preventDefault();
    draw();
  });
  return h('div', { class: 'combobox' }, input, list);
}
