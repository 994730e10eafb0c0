// SPDX-License-Identifier: Apache-2.0
/** Rules: switch, edit as a form or as JSON, try on the last hour, save. */

import { ask, get } from './api.js';
import { ruleSwitch } from './controls.js';
import { button, h, icon, put, say } from './dom.js';
import { draft } from './draft.js';
import { number, percent, t, translatedTitle } from './i18n.js';
import { live, owns, refreshFacts } from './live.js';
import { confirmed, explain, notify } from './notices.js';
import { ruleForm } from './rule_form.js';
import { rulePreview } from './rule_preview.js';

const CHECK_AFTER_MS = 350;
let open = null; // the rule being edited, by its object
let asJson = false;

/** Fill `root` until the signal. */
export function show(root, signal) {
  const preview = rulePreview();
  const rules = h('ol', { class: 'rules' });
  const json = h('textarea', { id: 'json', spellcheck: 'false', rows: 24, 'aria-describedby': 'json-error', oninput: () => draft.type(json.value), readonly: !owns() });
  const jsonError = h('p', { class: 'error', id: 'json-error' });
  const jsonBox = h('div', { class: 'json', hidden: true }, h('label', { for: 'json' }, t('rules.document')), json, jsonError);
  const trouble = h('p', { class: 'error', role: 'alert' });
  const verdict = h('p', { class: 'verdict', id: 'verdict', role: 'status' });
  const conflict = h('div', { class: 'conflict', role: 'alert', id: 'conflict' });
  const save = button({ class: 'primary', id: 'save' }, () => tried(() => keep(() => draft.save())), t('rules.save'));
  const discard = button({ id: 'discard' }, async () => draft.revert(), t('rules.discard'));
  const look = button({ id: 'preview' }, lookBack, t('rules.preview'));
  const bar = h('div', { class: 'savebar', hidden: true }, verdict, look, discard, save);
  const modes = ['form', 'json'].map((mode) => h('button', { type: 'button', 'data-mode': mode, onclick: () => setMode(mode === 'json') }, t(`rules.${mode}`)));
  const foot = h(
    'div',
    { class: 'row', hidden: true },
    h('button', { type: 'button', id: 'add', onclick: addRule }, icon('add'), h('span', {}, t('rules.add'))),
    button({ class: 'plain', id: 'presets' }, () => tried(toPresets), t('rules.presets')),
  );
  let states = new Map();
  let form = null;
  let timer;

  put(
    root,
    h('div', { class: 'row' }, h('h1', {}, t('rules.title')), h('span', { class: 'grow' }), h('div', { class: 'segments', role: 'group', 'aria-label': t('rules.mode') }, modes)),
    h('p', { class: 'hint' }, t(owns() ? 'rules.help' : 'rules.readOnly')),
    trouble,
    conflict,
    rules,
    jsonBox,
    owns() && foot,
    preview.node,
    owns() && bar,
  );

  const on = (event, act) => draft.addEventListener(event, act, { signal });
  on('replaced', () => {
    open = draft.document.rules.find((rule) => rule.name === open?.name) ?? null;
    draw();
  });
  on('changed', changed);
  on('checked', showVerdict);
  signal.addEventListener('abort', () => clearTimeout(timer));
  live.addEventListener('facts', () => tried(begin), { signal });
  tried(begin);

  async function begin() {
    const told = await get('rules/states');
    states = new Map(told.rules.map((each) => [each.name, each]));
    await draft.refresh();
    draw();
  }

  async function tried(act) {
    say(trouble, '');
    try {
      await act();
    } catch (problem) {
      if (!signal.aborted) say(trouble, explain(problem));
    }
  }

  function draw() {
    if (signal.aborted || !draft.loaded) return;
    if (!draft.document) asJson = true;
    modes.forEach((each) => each.setAttribute('aria-pressed', String((each.dataset.mode === 'json') === asJson)));
    jsonBox.hidden = !asJson;
    bar.hidden = false;
    rules.hidden = foot.hidden = asJson;
    form = null;
    if (asJson) {
      draft.text ??= JSON.stringify(draft.document, null, 2);
      json.value = draft.text;
    } else {
      put(rules, draft.document.rules.map(ruleItem));
    }
    showVerdict();
    if (draft.dirty) changed();
  }

  function setMode(json) {
    if (json === asJson) return;
    if (asJson) {
      if (!Array.isArray(draft.document?.rules)) {
        notify(t('rules.notJson'));
        return;
      }
      draft.text = null;
    }
    asJson = json;
    draw();
  }

  function ruleItem(rule) {
    const state = states.get(rule.name);
    const isOpen = rule === open;
    const title = translatedTitle(rule.title || rule.name);
    const toggle = h(
      'button',
      { type: 'button', class: 'plain edit', 'aria-expanded': String(isOpen), onclick: () => openRule(isOpen ? null : rule), 'data-rule': rule.name },
      t(isOpen ? 'rules.close' : owns() ? 'rules.edit' : 'rules.look'),
      h('span', { class: 'sr' }, ` ${title}`),
    );
    const head = h(
      'div',
      { class: 'head' },
      state ? ruleSwitch(rule.name, state.enabled) : h('strong', { class: 'new' }, title, h('small', {}, t('rules.unsaved'))),
      h('p', { class: 'summary' }, summary(rule)),
      toggle,
    );
    if (!isOpen) return h('li', { class: 'panel rule' }, head);
    form = ruleForm(rule, !owns(), () => draft.touched());
    return h(
      'li',
      { class: 'panel rule open' },
      head,
      form.node,
      owns() && h('div', { class: 'row' }, h('button', { type: 'button', class: 'plain', onclick: () => removeRule(rule) }, icon('bin'), h('span', {}, t('rules.remove')))),
    );
  }

  function openRule(rule) {
    open = rule;
    draw();
    const name = (rule ?? {}).name;
    rules.querySelector(`[data-rule="${CSS.escape(name ?? '')}"]`)?.focus();
  }

  function addRule() {
    const names = new Set(draft.document.rules.map((rule) => rule.name));
    let at = 1;
    while (names.has(`rule_${at}`)) ++at;
    open = { name: `rule_${at}`, title: t('rules.newTitle'), classes: [], on: 0.5, off: 0.25 };
    draft.document.rules.push(open);
    draw();
    rules.lastElementChild.querySelector('fieldset input').focus();
  }

  function removeRule(rule) {
    draft.document.rules = draft.document.rules.filter((each) => each !== rule);
    open = null;
    draw();
    document.getElementById('add').focus();
  }

  async function toPresets() {
    if (!(await confirmed(t('rules.reallyPresets'), t('rules.presets')))) return;
    await ask('POST', 'rules/presets');
    await draft.load();
    await refreshFacts();
  }

  async function keep(save) {
    await save();
    if (draft.dirty) return;
    open = null;
    preview.hide();
    notify(t('rules.saved'));
    await refreshFacts();
  }

  function changed() {
    clearTimeout(timer);
    showBar();
    say(verdict, t('rules.checking'));
    timer = setTimeout(() => tried(() => draft.check()), CHECK_AFTER_MS);
  }

  function showBar() {
    bar.classList.toggle('dirty', draft.dirty);
    save.disabled = !draft.dirty || draft.problem !== null;
    discard.disabled = !draft.dirty;
  }

  function showVerdict() {
    showBar();
    form?.clear();
    say(jsonError, '');
    json.removeAttribute('aria-invalid');
    rules.querySelectorAll('.wrong-rule').forEach((node) => node.classList.remove('wrong-rule'));
    const { problem } = draft;
    verdict.classList.toggle('error', problem !== null);
    look.disabled = problem !== null;
    say(verdict, problem ? blame(problem) : draft.dirty ? t('rules.good') : t('rules.same'));
    showConflict();
    if (!problem && !preview.node.hidden) lookBack();
  }

  /** Say what is wrong where it is; returns it as a sentence. */
  function blame({ pointer, message }) {
    if (asJson) {
      json.setAttribute('aria-invalid', 'true');
      say(jsonError, pointer ? `${pointer}: ${message}` : message);
      return `${pointer || 'JSON'}: ${message}`;
    }
    const [, , index, ...path] = (pointer ?? '').split('/');
    const rule = draft.document?.rules?.[index];
    if (!rule) return `${pointer || '/'}: ${message}`;
    rules.children[index]?.classList.add('wrong-rule');
    if (rule === open) form.blame(path.map((each) => each.replace('~1', '/').replace('~0', '~')), message);
    return `${[rule.title || rule.name, ...path].join(' / ')}: ${message}`;
  }

  function showConflict() {
    put(
      conflict,
      draft.conflict && [
        h('p', {}, h('strong', {}, t('conflict.title')), ' ', t('conflict.help')),
        h(
          'div',
          { class: 'row' },
          button({ id: 'load-theirs' }, () => tried(() => draft.load()), t('conflict.load')),
          button({ id: 'overwrite', class: 'danger' }, () => tried(() => keep(() => draft.overwrite())), t('conflict.overwrite')),
        ),
      ],
    );
  }

  async function lookBack() {
    const before = new Map(JSON.parse(draft.base).rules.map((rule) => [rule.name, JSON.stringify(rule)]));
    const all = draft.document.rules;
    const different = all.filter((rule) => rule === open || before.get(rule.name) !== JSON.stringify(rule));
    await preview.show(draft.body, different.length ? different : all);
  }
}

/** A rule in a line. */
function summary(rule) {
  const names = (rule.classes ?? []).map((each) => each.class ?? each);
  const parts = [];
  if (names.length) parts.push(names.slice(0, 3).join(' · ') + (names.length > 3 ? ` +${names.length - 3}` : ''));
  if (typeof rule.on === 'number') parts.push(t('rules.from', { p: percent(rule.on) }));
  if (typeof rule.level?.min_dbfs === 'number') parts.push(t('rules.loud', { level: number(rule.level.min_dbfs) }));
  if (rule.quiet_hours?.length) parts.push(rule.quiet_hours.map(({ from, to }) => `${from}–${to} ${t('rules.quiet')}`).join(', '));
  return parts.join(', ');
}
