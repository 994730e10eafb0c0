// SPDX-License-Identifier: Apache-2.0
/** Updates of firmware and model: what runs, another one, the way back, and whose signature they need. */

import { ask, get, upload } from './api.js';
import { facts } from './controls.js';
import { button, freshId, h, put, say } from './dom.js';
import { field, textInput } from './form.js';
import { percent, t } from './i18n.js';
import { keepFresh } from './live.js';
import { confirmed, explain, notify } from './notices.js';
import { expectRestart, restartProgress } from './restart.js';

const EVERY_MS = 4000;
const SIGNATURE_BYTES = 64;

/** All of it. */
export function updates(signal) {
  const trouble = h('p', { class: 'error', role: 'alert' });
  const last = h('div', { role: 'status' });
  const parts = [part('firmware', signal, load), part('model', signal, load)];
  const key = ownersKey(load);
  keepFresh(signal, EVERY_MS, load);
  return h('div', {}, h('p', { class: 'hint' }, t('update.about')), trouble, last, parts.map(({ node }) => node), key.node);

  async function load() {
    try {
      const told = await get('update');
      if (signal.aborted) return null;
      say(trouble, '');
      put(last, facts('update', [['last', told.last]]));
      for (const each of [...parts, key]) each.show(told);
      return told;
    } catch (problem) {
      if (!signal.aborted) say(trouble, explain(problem));
      return null;
    }
  }
}

const shortHash = (image) => [image.version ?? image.name, ' ', h('code', { title: image.sha256 }, image.sha256.slice(0, 12))];

/** One of the two that are updated. */
function part(what, signal, load) {
  const id = freshId();
  const state = h('div');
  const progress = h('progress', { max: 1, value: 0, 'aria-label': t('update.sending'), hidden: true });
  const sent = h('p', { class: 'hint num', role: 'status' });
  const file = h('input', { type: 'file', id, accept: '.bin' });
  const signature = h('input', { type: 'file', id: `${id}-signature` });
  const fileField = field(file, { path: what, label: t(`update.file.${what}`), id });
  const signatureField = field(signature, { path: `${what}-signature`, label: t('update.signature'), help: t('update.signature.help'), id: signature.id });
  const install = button({ class: 'primary' }, send, t('update.install'));
  const back = button({ class: 'danger' }, goBack, '');
  const form = h('div', { class: 'body' }, fileField.node, signatureField.node, progress, sent, h('div', { class: 'row' }, install, back));
  const restarting = restartProgress(what, signal, (going) => (install.disabled = back.disabled = going));
  let told = null;
  let sending = false;
  return { node: h('section', { class: `update-${what}` }, h('h3', {}, t(`update.${what}`)), state, form, restarting), show };

  function show(update) {
    told = update;
    const runs = update[what];
    const refusal = update[`no_${what}`];
    const rows = [
      ['running', runs && shortHash(runs)],
      ['state', runs?.state === 'trial' ? t('update.trial') : null],
      ['previous', runs?.previous && shortHash(runs.previous)],
      ['refusal', refusal],
    ];
    put(state, facts('update', rows));
    form.hidden = Boolean(refusal);
    signatureField.node.hidden = !update.owner_key;
    back.hidden = !runs?.previous;
    say(back, runs?.previous ? t('update.back', { name: runs.previous.version ?? runs.previous.name }) : '');
    if (!sending) showProgress(update.busy?.what === what ? update.busy.done / update.busy.of : null);
  }

  function showProgress(part) {
    progress.hidden = part === null;
    progress.value = part ?? 0;
    say(sent, part === null ? '' : t('update.sent', { p: percent(part) }));
  }

  async function send() {
    fileField.clear();
    signatureField.clear();
    if (!file.files.length) return fileField.blame(t('update.noFile'));
    const lastBefore = told?.last;
    const before = Date.now();
    sending = true;
    try {
      const signed = signature.files.length && told?.owner_key ? { 'X-Signature': await signatureText(signature.files[0]) } : {};
      await upload(`update/${what}`, file.files[0], signed, showProgress);
      expectRestart(what, before);
      file.value = signature.value = '';
    } catch (problem) {
      const now = problem.status === 0 ? await load() : null; // it may have said why, and closed the connection
      fileField.blame(now && now.last !== lastBefore ? now.last : explain(problem));
    } finally {
      sending = false;
      showProgress(null);
    }
  }

  async function goBack() {
    if (!(await confirmed(t('update.reallyBack', { name: back.textContent }), back.textContent))) return;
    try {
      const before = Date.now();
      await ask('POST', `update/${what}/back`);
      expectRestart(what, before);
    } catch (problem) {
      notify(explain(problem));
    }
  }
}

/** A signature as the device takes it, from a file that has its bytes or their base64. */
async function signatureText(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  return bytes.length === SIGNATURE_BYTES ? btoa(String.fromCharCode(...bytes)) : new TextDecoder().decode(bytes).trim();
}

function ownersKey(load) {
  const id = freshId();
  const state = h('div');
  const key = h('textarea', { id, rows: 4, spellcheck: 'false', placeholder: '-----BEGIN PUBLIC KEY-----' });
  const signature = textInput(`${id}-signature`);
  const fields = {
    key: field(key, { path: 'key', kind: 'area', label: t('update.newKey'), help: t('update.newKey.help'), id }),
    signature: field(signature, { path: 'signature', label: t('update.signature'), help: t('update.keySignature.help'), id: signature.id }),
  };
  const error = h('p', { class: 'error', role: 'alert' });
  let isSet = false;
  const node = h('details', { class: 'update-key' }, h('summary', {}, t('update.key')), h('div', { class: 'body' }, state, fields.key.node, fields.signature.node, error, button({}, keep, t('frame.save'))));
  return {
    node,
    show({ owner_key: fingerprint }) {
      isSet = Boolean(fingerprint);
      put(state, facts('update', [['fingerprint', isSet ? h('code', {}, fingerprint) : t('update.unsigned')]]));
      fields.signature.node.hidden = !isSet;
    },
  };

  async function keep() {
    say(error, '');
    Object.values(fields).forEach((each) => each.clear());
    if (isSet && !key.value.trim() && !(await confirmed(t('update.reallyNoKey'), t('update.noKey')))) return;
    try {
      await ask('PUT', 'update/key', { key: key.value.trim() && key.value, signature: signature.value.trim() });
      key.value = signature.value = '';
      notify(t('settings.saved'));
      await load();
    } catch (problem) {
      const blamed = fields[problem.pointer?.slice(1)];
      if (blamed) blamed.blame(explain(problem));
      else say(error, explain(problem));
    }
  }
}
