// SPDX-License-Identifier: Apache-2.0
/** The networks that a device may join, as a field of a form. */

import { freshId, h, put } from './dom.js';
import { field, secret, textInput, toggle, toggleBox } from './form.js';
import { t } from './i18n.js';

const PARTS = ['address', 'netmask', 'gateway', 'dns'];

/** A control for settingsForm; its value is a list of networks as the device takes it. */
export function knownNetworks() {
  const list = h('ul', { class: 'known' });
  let rows = [];
  const draw = () => put(list, rows.length ? rows.map(({ node }) => node) : h('li', { class: 'none' }, t('wifi.knowsNone')));
  const remove = (row) => {
    rows = rows.filter((each) => each !== row);
    draw();
    list.dispatchEvent(new Event('input', { bubbles: true }));
  };
  return {
    control: list,
    get: () => rows.map(({ value }) => value()),
    set(known) {
      rows = known.map((network) => row(network, remove));
      draw();
    },
    clear: () => rows.forEach(({ fields }) => Object.values(fields).forEach((each) => each.clear())),
    /** Whether what is wrong could be said at its field. */
    blame([index, part, detail], reason) {
      const named = detail ?? reason.split(':')[0];
      const fields = rows[index]?.fields ?? {};
      const found = fields[part] ?? fields[named] ?? fields[part === 'static_address' ? 'address' : 'password'];
      found?.blame(reason);
      return Boolean(found);
    },
  };
}

function row({ ssid, has_password: isSecret, static_address: own }, remove) {
  const id = freshId();
  const password = secret(`${id}-password`);
  password.show(isSecret);
  const fixed = toggleBox({ checked: own !== null, onchange: () => (parts.hidden = !fixed.checked) });
  const inputs = PARTS.map((part) => textInput(`${id}-${part}`, { value: own?.[part] ?? '', inputmode: 'decimal' }));
  const fields = { password: field(password.node, { path: 'password', label: t('wifi.password'), id: `${id}-password` }) };
  PARTS.forEach((part, index) => (fields[part] = field(inputs[index], { path: part, label: t(`wifi.${part}`), id: inputs[index].id })));
  const parts = h('div', { class: 'fields', hidden: own === null }, PARTS.map((part) => fields[part].node));
  const self = {
    fields,
    node: h(
      'li',
      {},
      h(
        'details',
        {},
        h('summary', {}, ssid),
        h('div', { class: 'body' }, fields.password.node, toggle(fixed, t('wifi.fixed')), parts, h('button', { type: 'button', class: 'danger', onclick: () => remove(self) }, t('wifi.forget', { ssid }))),
      ),
    ),
    value: () => ({
      ssid,
      password: password.value,
      static_address: fixed.checked ? Object.fromEntries(PARTS.map((part, index) => [part, inputs[index].value.trim()])) : null,
    }),
  };
  return self;
}
