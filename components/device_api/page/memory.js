// SPDX-License-Identifier: Apache-2.0
/** What this browser remembers of its reader's choices; nothing is lost where it may not. */

/** Remember a text. */
export function remember(name, value) {
  try {
    localStorage.setItem(`yamnet.${name}`, value);
  } catch {
    // private browsing
  }
}

/** What was remembered, or null. */
export function recall(name) {
  try {
    return localStorage.getItem(`yamnet.${name}`);
  } catch {
    return null;
  }
}
