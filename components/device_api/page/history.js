// SPDX-License-Identifier: Apache-2.0
/** Pages of the journal, newest first, as far back as somebody looks. */

import { get } from './api.js';
import { live } from './live.js';

const PAGE = 100;

/** When a journal line was written, in milliseconds, or null. */
const writtenAt = (line) => (line.utc === null ? null : Date.parse(line.utc) + (line.kind === 'end' ? line.duration_s * 1000 : 0));

/** Reads backwards from a moment. */
export class HistoryReader {
  #cursor = '';
  done = false;

  /** @param {number|null} until milliseconds since 1970; null: from the newest on */
  constructor(until) {
    this.filter = until === null ? '' : `&until=${Math.ceil(until / 1000)}`;
  }

  /**
   * Read until a moment is reached, some pages at most.
   *
   * Not by `since`: then the device would look through all that is older.
   */
  async readTo(from, pages) {
    for (let i = 0; i < pages && !this.done; ++i) {
      const page = await get(`events?limit=${PAGE}${this.filter}${this.#cursor}`);
      page.events.forEach((line) => live.events.take(line));
      this.#cursor = `&before=${encodeURIComponent(page.next)}`;
      this.done = page.next === null;
      const times = page.events.map(writtenAt).filter((time) => time !== null);
      if (times.length && Math.min(...times) < from) return true;
    }
    return this.done;
  }
}
