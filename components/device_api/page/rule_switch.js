// SPDX-License-Identifier: Apache-2.0
/** A rule's switch; it is turned on the device at once, and turns back if that fails. */

import { h } from './dom.js';
import { owns, titleOf } from './live.js';
import { ask } from './api.js';
import { notify } from './notices.js';
import { explain } from './problems.js';

/** A labelled switch. */
export function ruleSwitch(rule, enabled) {
  const box = h('input', { type: 'checkbox', role: 'switch', checked: enabled, disabled: !owns() });
  box.addEventListener('change', async () => {
    box.disabled = true;
    try {
      await ask('PUT', `rules/${encodeURIComponent(rule)}/enabled`, { enabled: box.checked });
    } catch (problem) {
      box.checked = !box.checked;
      notify(explain(problem));
    }
    box.disabled = false;
  });
  return h('label', { class: 'switch' }, box, h('span', {}, titleOf(rule)));
}
