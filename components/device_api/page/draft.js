// SPDX-License-Identifier: Apache-2.0
/** The rule document that is being edited; it outlives views, languages and the device's absence. */

import { ask } from './api.js';

class Draft extends EventTarget {
  base = null;
  etag = null;
  /** As edited; null while the JSON text is none. */
  document = null;
  /** As typed, while it is edited as JSON. */
  text = null;
  problem = null;
  conflict = false;

  get loaded() {
    return this.base !== null;
  }

  get dirty() {
    return this.loaded && (this.document === null || JSON.stringify(this.document) !== this.base);
  }

  /** What would be saved. */
  get body() {
    return this.text ?? JSON.stringify(this.document);
  }

  /** Read what is in force, unless something else is being edited by the time it comes. */
  async refresh() {
    const { data, etag } = await ask('GET', 'rules');
    if (this.dirty) return;
    const base = JSON.stringify(data);
    const same = base === this.base;
    Object.assign(this, { etag, base });
    if (!same) this.revert();
  }

  /** Forget what was edited for what is in force. */
  async load() {
    this.revert();
    await this.refresh();
  }

  /** Forget what was edited. */
  revert() {
    this.document = JSON.parse(this.base);
    this.text = null;
    this.problem = null;
    this.conflict = false;
    this.#tell('replaced');
  }

  touched() {
    this.#tell('changed');
  }

  type(text) {
    this.text = text;
    try {
      this.document = JSON.parse(text);
    } catch {
      this.document = null;
    }
    this.#tell('changed');
  }

  /** Ask the device whether it would take this; a 422 becomes `problem`. */
  async check() {
    const body = this.body;
    let found = null;
    try {
      await ask('POST', 'rules/check', body);
    } catch (problem) {
      if (problem.status !== 422) throw problem;
      found = problem;
    }
    if (body !== this.body) return; // there is a newer one
    this.problem = found;
    this.#tell('checked');
  }

  /** Replace the rules in force; a 412 becomes `conflict`, a 422 `problem`. */
  async save() {
    const body = this.body;
    try {
      const { etag } = await ask('PUT', 'rules', body, { 'If-Match': this.etag });
      this.etag = etag;
      this.base = JSON.stringify(JSON.parse(body));
      if (this.body === body) this.revert();
    } catch (problem) {
      if (problem.status === 412) this.conflict = true;
      else if (problem.status === 422) this.problem = problem;
      else throw problem;
      this.#tell('checked');
    }
  }

  /** Save over what somebody else has saved. */
  async overwrite() {
    this.etag = (await ask('GET', 'rules')).etag;
    this.conflict = false;
    await this.save();
  }

  #tell(what) {
    this.dispatchEvent(new Event(what));
  }
}

export const draft = new Draft();
