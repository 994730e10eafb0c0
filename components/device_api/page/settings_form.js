// SPDX-License-Identifier: Apache-2.0
/** A form over something that is kept on the device: read at a path, and put back there as a whole. */

import { ask } from './api.js';
import { field, secret, textInput, toggle, toggleBox, toNumber } from './form.js';
import { button, freshId, h, put, say } from './dom.js';
import { t } from './i18n.js';
import { keepFresh } from './live.js';
import { explain, notify } from './notices.js';

const EVERY_MS = 5000;

/** Makers of controls: what to show, and the value as it is sent; undefined leaves it out. */
const KINDS = {
  text(id, { attributes }) {
    const input = textInput(id, attributes);
    return { control: input, get: () => input.value.trim(), set: (value) => (input.value = value) };
  },
  number(id, spec) {
    const { control, set } = KINDS.text(id, spec);
    control.inputMode = 'numeric';
    return { control, get: () => toNumber(control.value), set };
  },
  area(id, { attributes }) {
    const area = h('textarea', { id, rows: 4, spellcheck: 'false', ...attributes });
    return { control: area, get: () => area.value.trim(), set: (value) => (area.value = value) };
  },
  choice(id, { options, texts }) {
    const select = h('select', { id }, options.map((each) => h('option', { value: each }, t(`${texts}.${each}`, {}, each))));
    return { control: select, get: () => select.value, set: (value) => (select.value = value) };
  },
  secret(id) {
    const made = secret(id);
    return { control: made.node, get: () => made.value, set: made.show };
  },
};

function makeField(spec, texts) {
  const { name, kind = 'text', make = KINDS[kind] } = spec;
  const label = t(`${texts}.${name}`);
  const help = t(`${texts}.${name}.help`, {}, '');
  if (kind === 'switch') {
    const box = toggleBox({ 'data-field': name });
    const node = toggle(box, label, help);
    return { spec, node, get: () => box.checked, set: (value) => (box.checked = value), clear() {} };
  }
  const id = freshId();
  const made = make(id, { ...spec, texts: `${texts}.${name}` });
  const shown = field(made.control, { path: name, kind, label, help, id: spec.make ? undefined : id });
  return { spec, ...shown, ...made, clear: () => (shown.clear(), made.clear?.()), blame: (reason, path) => made.blame?.(path, reason) || shown.blame(reason) };
}

/**
 * A form for the fields of what is at a path. What the device does not tell has no field.
 * @param {{name: string, kind?: string, more?: boolean, when?: (values) => boolean}[]} specs
 * @param {{told?: (data) => void, kept?: () => any, save?: string}} options `told` gets what is there, again and again; `kept` is
 *   called when it was set
 */
export function settingsForm(path, specs, signal, { told = () => {}, kept = () => {}, save = 'frame.save' } = {}) {
  const fields = specs.map((spec) => makeField(spec, path));
  const error = h('p', { class: 'error', role: 'alert' });
  const conflict = h('div', { class: 'conflict', role: 'alert' });
  const submit = button({ class: 'primary', type: 'submit', hidden: true }, () => keep(etag), t(save));
  const nodes = (more) => fields.filter(({ spec }) => Boolean(spec.more) === more).map(({ node }) => node);
  const more = nodes(true);
  const body = h('div', { class: 'body', hidden: true }, nodes(false), more.length > 0 && h('details', {}, h('summary', {}, t('rule.more')), h('div', { class: 'body' }, more)));
  const form = h('form', { novalidate: true, onsubmit: (event) => event.preventDefault(), oninput: () => ((touched = true), shape()) }, body, error, conflict, submit);
  let etag = null;
  let touched = false;
  let saves = 0;
  let values = {}; // as told

  const typed = () => Object.fromEntries(fields.filter(({ spec }) => has(spec)).map(({ spec, get }) => [spec.name, get()]));
  const keyOf = ({ name, isSet }) => isSet ?? name;
  const has = (spec) => keyOf(spec) in values;

  function shape() {
    const now = typed();
    for (const { spec, node } of fields) node.hidden = !has(spec) || spec.when?.(now) === false;
  }

  function take({ data, etag: tag }) {
    told(data);
    if (touched) return;
    etag = tag;
    const before = values;
    values = data;
    for (const { spec, set } of fields) {
      const key = keyOf(spec);
      if (key in data && JSON.stringify(data[key]) !== JSON.stringify(before[key])) set(data[key], data);
    }
    body.hidden = submit.hidden = false;
    shape();
  }

  async function load() {
    const before = saves;
    try {
      const answer = await ask('GET', path);
      if (signal.aborted || saves !== before) return; // it may be of before
      if (body.hidden) say(error, '');
      take(answer);
    } catch (problem) {
      if (!signal.aborted && body.hidden) say(error, explain(problem));
    }
  }

  async function keep(tag) {
    saves += 1;
    say(error, '');
    put(conflict);
    fields.forEach(({ clear }) => clear());
    try {
      const answer = await ask('PUT', path, typed(), tag ? { 'If-Match': tag } : {});
      touched = false;
      values = {};
      take(answer);
      notify(t('settings.saved'));
      await kept();
    } catch (problem) {
      if (problem.status === 412) showConflict();
      else blame(problem);
    }
  }

  function blame(problem) {
    const [, name, ...rest] = (problem.pointer ?? '').split('/');
    const found = fields.find(({ spec, node, blame }) => spec.name === name && blame && !node.hidden);
    if (!found) {
      say(error, problem.pointer ? `${problem.pointer}: ${explain(problem)}` : explain(problem));
      return;
    }
    found.blame(explain(problem), rest);
    form.querySelector('[aria-invalid]')?.focus();
  }

  function showConflict() {
    const drop = () => {
      touched = false;
      put(conflict);
      return load();
    };
    put(
      conflict,
      h('p', {}, h('strong', {}, t('conflict.title')), ' ', t('conflict.help')),
      h('div', { class: 'row' }, button({}, drop, t('conflict.load')), button({ class: 'danger' }, () => keep(null), t('conflict.overwrite'))),
    );
  }

  keepFresh(signal, EVERY_MS, load);
  return form;
}
