// SPDX-License-Identifier: Apache-2.0
/** One rule as a form. What may stand in a field is for the device to say: it is sent what was typed. */

import { combobox } from './combobox.js';
import { freshId, h, icon, put } from './dom.js';
import { field, textInput, toNumber } from './form.js';
import { t } from './i18n.js';
import { classNames } from './records.js';

const number = (path, unit, fallback) => ({ path, kind: 'number', unit, fallback });

const MAIN = [
  { path: 'title', kind: 'text' },
  { path: 'classes', kind: 'classes' },
  { path: 'on', kind: 'percent' },
  { path: 'off', kind: 'percent' },
  number('hold_s', 's', 1),
  { path: 'quiet_hours', kind: 'hours' },
];
const MORE = [
  { path: 'name', kind: 'text' },
  { path: 'suppress', kind: 'classes' },
  { path: 'combine', kind: 'choice', options: ['max', 'sum', 'noisy-or'] },
  { path: 'pattern.kind', kind: 'choice', options: ['', 't3', 't4'] },
  { path: 'patches', kind: 'pair', fallback: 1 },
  { path: 'lasting.on', kind: 'percent' },
  { path: 'lasting.patches', kind: 'pair' },
  number('level.min_dbfs', 'dBFS'),
  number('level.above_floor_db', 'dB'),
  number('level.hysteresis_db', 'dB', 3),
  number('floor.reference_dbfs', 'dBFS'),
  number('floor.threshold_per_db', ''),
  number('floor.limit', ''),
  number('min_duration_s', 's', 0),
  number('max_duration_s', 's', 300),
  number('cool_off_s', 's', 0),
  number('update_s', 's', 5),
  number('gap.bridge_s', 's'),
  number('priority', '', 0),
  { path: 'yields', kind: 'check' },
];

const read = (rule, path) => path.split('.').reduce((value, key) => value?.[key], rule);

/** Set a field; undefined removes it, and what is empty then. */
function write(rule, path, value) {
  const [key, ...rest] = path.split('.');
  if (!rest.length) {
    if (value === undefined) delete rule[key];
    else rule[key] = value;
    return;
  }
  if (typeof rule[key] !== 'object' || rule[key] === null) {
    if (value === undefined) return;
    rule[key] = {};
  }
  write(rule[key], rest.join('.'), value);
  if (!Object.keys(rule[key]).length) delete rule[key];
}

const asPercent = (value) => (typeof value === 'number' ? Number((value * 100).toFixed(4)) : (value ?? ''));
const fromPercent = (text) => {
  const value = toNumber(text);
  return typeof value === 'number' ? Number((value / 100).toFixed(6)) : value;
};

/**
 * A form that changes a rule in place, unless it is fixed; `changed` is called then.
 * @returns {{node: Element, blame: (path: string[], reason: string) => void, clear: () => void}}
 */
export function ruleForm(rule, fixed, changed) {
  const fields = new Map(); // by path
  const set = (path, value) => {
    write(rule, path, value);
    changed();
  };

  const makers = {
    text: (field, id) => typed(id, read(rule, field.path) ?? '', (text) => set(field.path, text)),
    number(field, id) {
      const input = typed(id, read(rule, field.path) ?? '', (text) => set(field.path, toNumber(text)));
      input.inputMode = 'decimal';
      input.placeholder = field.fallback ?? '';
      return unit(input, field.unit);
    },
    pair(field, id) {
      const part = (key, attributes) => {
        const path = `${field.path}.${key}`;
        const input = typed(id, read(rule, path) ?? '', (text) => set(path, toNumber(text)));
        return Object.assign(input, { inputMode: 'decimal', placeholder: field.fallback ?? '' }, attributes);
      };
      const of = part('of', { id: '', ariaLabel: t('rule.of') });
      return h('span', { class: 'unit' }, part('need'), h('span', { 'aria-hidden': 'true' }, t('rule.of')), of);
    },
    percent(field, id) {
      const slide = h('input', { type: 'range', min: 0, max: 100, step: 1, 'aria-label': t(`rule.${field.path}`) });
      const input = typed(id, asPercent(read(rule, field.path)), (text) => {
        slide.value = toNumber(text) || 0;
        set(field.path, fromPercent(text));
      });
      input.inputMode = 'decimal';
      slide.value = Number(input.value) || 0;
      slide.addEventListener('input', () => {
        input.value = slide.value;
        set(field.path, fromPercent(slide.value));
      });
      return h('div', { class: 'slide' }, slide, unit(input, '%'));
    },
    choice: (field, id) =>
      h(
        'select',
        { id, onchange: ({ target }) => set(field.path, target.value || undefined) },
        field.options.map((each) => h('option', { value: each, selected: each === (read(rule, field.path) ?? field.options[0]) }, t(`rule.${field.path}.${each}`))),
      ),
    check: (field, id) => h('input', { id, type: 'checkbox', checked: read(rule, field.path) ?? false, onchange: ({ target }) => set(field.path, target.checked) }),
    classes: (field) => classList(read(rule, field.path) ?? [], t(`rule.${field.path}`), (list) => set(field.path, list)),
    hours: (field) => hoursList(read(rule, field.path) ?? [], (list) => set(field.path, list.length ? list : undefined)),
  };

  const fieldOf = ({ path, kind, ...rest }) => {
    const id = kind === 'classes' || kind === 'hours' ? undefined : freshId();
    const made = field(makers[kind]({ path, ...rest }, id), { path, kind, label: t(`rule.${path}`), help: t(`rule.${path}.help`, {}, ''), id });
    fields.set(path, made);
    return made.node;
  };

  const more = h('details', {}, h('summary', {}, t('rule.more')), h('div', { class: 'fields' }, MORE.map(fieldOf)));
  const node = h('fieldset', { disabled: fixed }, h('legend', { class: 'sr' }, t('rule.legend')), h('div', { class: 'fields' }, MAIN.map(fieldOf)), more);

  return {
    node,
    clear() {
      fields.forEach((each) => each.clear());
    },
    blame(path, reason) {
      fieldFor(path, reason, fields)?.blame(reason);
    },
  };
}

/** The field that a pointer leads to, or else one that the reason names. */
function fieldFor(path, reason, fields) {
  for (let length = path.length; length > 0; --length) {
    const wanted = path.slice(0, length).join('.');
    for (const [name, field] of fields) if (name === wanted || name.startsWith(`${wanted}.`)) return field;
  }
  if (path.length) return null;
  const named = [...reason.matchAll(/"(\w+)"|^(\w+) is missing/g)].map(([, quoted, missing]) => quoted ?? missing);
  const name = ['classes', 'lasting', ...named].find((each) => named.includes(each) && [...fields.keys()].some((key) => key.split('.')[0] === each));
  return name ? [...fields].find(([key]) => key.split('.')[0] === name)[1] : null;
}

const typed = (id, value, act) => textInput(id, { value: String(value), autocapitalize: null, oninput: ({ target }) => act(target.value) });

const unit = (input, text) => h('span', { class: 'unit' }, input, text && h('span', { 'aria-hidden': 'true' }, text));

/** Classes with weights; each is a name, an index, or an object with both. */
function classList(start, label, changed) {
  let list = [...start];
  const chips = h('ul', { class: 'chips' });
  let names = [];
  const nameOf = (item) => (typeof item === 'number' ? (names[item] ?? `#${item}`) : item);
  const update = (next) => {
    list = next;
    draw();
    changed(list);
  };
  const draw = () =>
    put(
      chips,
      list.map((item, index) => {
        const isObject = typeof item === 'object';
        const which = isObject ? item.class : item;
        const name = nameOf(which);
        const weigh = (text) => {
          const weight = toNumber(text);
          list = list.with(index, weight === undefined || weight === 1 ? which : { class: which, weight });
          changed(list);
        };
        return h(
          'li',
          {},
          h('span', {}, name),
          h('label', { class: 'weight' }, h('span', { 'aria-hidden': 'true' }, '×'), h('input', { value: String(isObject ? (item.weight ?? 1) : 1), inputmode: 'decimal', 'aria-label': t('rule.weight', { name }), oninput: ({ target }) => weigh(target.value) })),
          h('button', { type: 'button', class: 'plain', 'aria-label': t('rule.removeClass', { name }), onclick: () => update(list.filter((_, other) => other !== index)) }, icon('close')),
        );
      }),
    );
  draw();
  classNames().then(
    (all) => {
      names = all;
      if (list.some((item) => typeof (item.class ?? item) === 'number')) draw();
    },
    () => {},
  );
  const search = combobox(t('rule.search', { label }), classNames, (choice) => update([...list, choice]));
  return h('div', { class: 'class-list' }, chips, search);
}

/** Times of day between which nothing begins. */
function hoursList(start, changed) {
  let list = start.map((each) => ({ ...each }));
  const rows = h('ul', { class: 'hours' });
  const update = (next) => {
    list = next;
    draw();
    changed(list);
  };
  const time = (each, key) => h('input', { type: 'time', value: each[key], 'aria-label': t(`rule.hours.${key}`), oninput: ({ target }) => {
    each[key] = target.value;
    changed(list);
  } });
  const draw = () =>
    put(
      rows,
      list.map((each) =>
        h('li', {}, time(each, 'from'), h('span', { 'aria-hidden': 'true' }, '–'), time(each, 'to'), h('button', { type: 'button', class: 'plain', 'aria-label': t('rule.hours.remove'), onclick: () => update(list.filter((other) => other !== each)) }, icon('close'))),
      ),
      list.length < 4 && h('li', {}, h('button', { type: 'button', class: 'plain', onclick: () => update([...list, { from: '22:00', to: '06:30' }]) }, icon('add'), h('span', {}, t('rule.hours.add')))),
    );
  draw();
  return rows;
}
