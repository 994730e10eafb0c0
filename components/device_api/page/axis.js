// SPDX-License-Identifier: Apache-2.0
/** Axes of time and level, as SVG. */

import { svg } from './dom.js';
import { clock, number } from './i18n.js';

const STEPS_MIN = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720];
const LEAST_PX = 64;

/** A straight line from one range to another. */
export const scale = (from, to, low, high) => (value) => low + ((value - from) / (to - from)) * (high - low);

/** Round moments of local time between two, so far apart that their labels fit. */
export function timeTicks(from, to, width) {
  const most = Math.max(2, Math.floor(width / LEAST_PX));
  const minutes = STEPS_MIN.find((step) => (to - from) / 60000 / step <= most) ?? 1440;
  const zone = new Date(from).getTimezoneOffset() * 60000;
  const step = minutes * 60000;
  const ticks = [];
  for (let at = Math.ceil((from - zone) / step) * step + zone; at <= to; at += step) ticks.push(at);
  return ticks;
}

/** Lines and times below a chart. */
export function timeAxis(from, to, x, left, right, top, bottom) {
  return timeTicks(from, to, right - left).map((at) => [
    svg('line', { class: 'grid', x1: x(at), x2: x(at), y1: top, y2: bottom }),
    svg('text', { class: 'tick', x: Math.min(x(at), right - 16), y: bottom + 15, 'text-anchor': 'middle' }, clock(at, false)),
  ]);
}

/**
 * Level and floor over time.
 * @param {object} levels as GET levels has it
 * @param {(ms: number) => number} x
 * @param {number} end of the newest step, milliseconds
 */
export function levelCurve(levels, x, end, top, height, left, right) {
  const y = scale(-90, 0, top + height, top);
  const at = (index) => x(end - (levels.level_dbfs.length - 0.5 - index) * levels.step_s * 1000);
  const path = (values) => {
    let text = '';
    let pen = 'M';
    values.forEach((value, index) => {
      if (value === null || at(index) < left) {
        pen = 'M';
        return;
      }
      text += `${pen}${at(index).toFixed(1)} ${y(Math.max(-90, value)).toFixed(1)}`;
      pen = 'L';
    });
    return text;
  };
  return [
    [-90, -60, -30, 0].map((db) => [
      svg('line', { class: 'grid', x1: left, x2: right, y1: y(db), y2: y(db) }),
      svg('text', { class: 'tick', x: left - 6, y: y(db) + 4, 'text-anchor': 'end' }, number(db)),
    ]),
    svg('path', { class: 'floor', d: path(levels.floor_dbfs) }),
    svg('path', { class: 'level', d: path(levels.level_dbfs) }),
  ];
}
