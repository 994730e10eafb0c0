// SPDX-License-Identifier: Apache-2.0
/** What the device keeps: classes' names, clips, and the journal. */

import { ask, get } from './api.js';
import { live } from './live.js';

const PAGE = 100;

let names = null;

/** All of them, in the order of the model's outputs. */
export async function classNames() {
  names ??= get('classes').then(({ classes }) => classes);
  try {
    return await names;
  } catch (problem) {
    names = null;
    throw problem;
  }
}

const known = new Map();

/** A clip by its name, null if the device has none of that name. */
export async function findClip(name) {
  known.delete(name);
  for (let before = ''; !known.has(name); ) {
    const page = await get(`clips?limit=${PAGE}${before}`);
    page.clips.forEach((clip) => known.set(clip.name, clip));
    if (page.next === null) break;
    before = `&before=${encodeURIComponent(page.next)}`;
  }
  return known.get(name) ?? null;
}

/** Keep a clip longer than others, or not. */
export async function star(name, starred) {
  await ask('PUT', `clips/${name}/star`, { starred });
}

/** Remove a clip for good. */
export const remove = (name) => ask('DELETE', `clips/${name}`);

/** When a journal line was written, in milliseconds, or null. */
const writtenAt = (line) => (line.utc === null ? null : Date.parse(line.utc) + (line.kind === 'end' ? line.duration_s * 1000 : 0));

/** Reads backwards from a moment. */
export class HistoryReader {
  #cursor = '';
  done = false;

  /** From a moment on; null: from the newest line. */
  constructor(until) {
    this.filter = until === null ? '' : `&until=${Math.ceil(until / 1000)}`;
  }

  /** Read to a moment, some pages at most. (With `since` the device would look through all that is older.) */
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
