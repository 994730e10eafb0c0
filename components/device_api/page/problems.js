// SPDX-License-Identifier: Apache-2.0
/** What went wrong, in a sentence. */

import { lasting, t } from './i18n.js';

/** For a `Problem`; the device's own words are in English. */
export function explain(problem) {
  if (problem.status === 0) return t('problem.away');
  if (problem.status === 401) return t('problem.notOwner');
  if (problem.status === 429) return t('problem.wait', { time: lasting(problem.wait || 1) });
  return problem.message || t('problem.other', { n: problem.status });
}
