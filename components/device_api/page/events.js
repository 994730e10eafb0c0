// SPDX-License-Identifier: Apache-2.0
/** Events out of journal lines: a start and an end with one id are one event. */

/** Events by id, as far as their lines are known. */
export class EventBook {
  #events = new Map();

  /**
   * Take a journal line.
   * @returns {boolean} whether it says something new
   */
  take(line) {
    const known = this.#events.get(line.id);
    if (known && (known.ended || line.kind === 'start')) return false;
    this.#events.set(line.id, { ...known, ...line, ended: line.kind === 'end' });
    return true;
  }

  get(id) {
    return this.#events.get(id);
  }

  /** All of them, the latest first. */
  list() {
    return [...this.#events.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
  }
}
