// SPDX-License-Identifier: Apache-2.0
/** Restarts that were asked for: how long they take, and that the device is back. */

import { h, say } from './dom.js';
import { lasting, t } from './i18n.js';
import { live, watch } from './live.js';

let restart = null; // who has asked, since when it is waited for, and before what moment the old run began

/** `who` has asked for a restart, which came after the moment `before` (Date.now()): it may be over by now. */
export const expectRestart = (who, before) => (restart = { who, since: Date.now(), before });

/** Says how the restart goes that `who` has asked for; `going` is told whether one does. */
export function restartProgress(who, signal, going) {
  const node = h('p', { role: 'status', class: 'restarting' });
  watch(['state', 'tick'], signal, () => {
    if (restart?.who !== who) return;
    const seconds = Math.round((Date.now() - restart.since) / 1000);
    const back = live.state && live.bootedAt > restart.before;
    say(node, t(back ? 'restart.back' : 'restart.going', { time: lasting(Math.max(1, seconds)) }));
    if (back) restart = null;
    going(!back);
  });
  return node;
}
