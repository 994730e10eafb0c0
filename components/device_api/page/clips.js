// SPDX-License-Identifier: Apache-2.0
/** What is known of the clips on the device. */

import { ask, get } from './api.js';

const PAGE = 100;
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
