// SPDX-License-Identifier: Apache-2.0
/** Names of the model's classes, asked for once. */

import { get } from './api.js';

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
