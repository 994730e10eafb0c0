// SPDX-License-Identifier: Apache-2.0
/** Events as bars in lanes by rule over time, with the level below. */

import { put, svg } from './dom.js';
import { t } from './i18n.js';
import { levelCurve, scale, timeAxis } from './axis.js';

const LANE = 30;
const NARROW_LANE = 44;
const NARROW = 560;
const LEVEL = 92;
const LEAST_BAR = 4;
const URGENT = 7; // priorities from here on are drawn in the colour of alerts

/**
 * Draw into a box, as wide as it is.
 * @param {Element} box
 * @param {object} data
 * @param {number} data.from milliseconds
 * @param {number} data.to milliseconds
 * @param {{title: string, className?: string, bars: {start: number, end: number, urgent?: boolean, key?: string}[]}[]} data.lanes
 * @param {object|null} [data.levels] as GET levels has it
 * @param {number} [data.levelsEnd] milliseconds
 * @param {string} [data.selected] a bar's key
 * @param {string} data.label what is seen, for those who do not
 * @param {(key: string) => void} [data.choose]
 */
export function drawLanes(box, data) {
  const { from, to, lanes, levels, choose } = data;
  const width = box.clientWidth;
  if (!width) return;
  const narrow = width < NARROW;
  const lane = narrow ? NARROW_LANE : LANE;
  const left = narrow ? 34 : 168;
  const right = width - 6;
  const x = scale(from, to, left, right);
  const top = 4;
  const levelTop = top + Math.max(1, lanes.length) * lane + 14;
  const bottom = levels ? levelTop + LEVEL : levelTop - 10;
  const within = (value) => Math.min(right, Math.max(left, value));

  const drawLane = ({ title, bars, className }, index) => {
    const y = top + index * lane;
    const middle = narrow ? y + 31 : y + lane / 2;
    return svg(
      'g',
      { class: `lane ${className ?? ''}` },
      svg('line', { class: 'grid', x1: narrow ? 0 : left, x2: right, y1: y + lane, y2: y + lane }),
      svg('text', { class: 'name', x: narrow ? 2 : 0, y: narrow ? y + 16 : middle + 4 }, title),
      bars.map(({ start, end, urgent, key }) => {
        const begin = within(x(start));
        const length = Math.max(LEAST_BAR, within(x(end)) - begin);
        const chosen = key !== undefined && key === data.selected;
        return svg(
          'g',
          { class: `bar${urgent ? ' urgent' : ''}${chosen ? ' chosen' : ''}`, 'data-key': key, onclick: () => choose?.(key) },
          svg('rect', { class: 'hit', x: begin - 8, y: middle - 13, width: length + 16, height: 26 }),
          svg('rect', { x: begin, y: middle - 7, width: length, height: 14, rx: 2 }),
        );
      }),
    );
  };

  put(
    box,
    svg(
      'svg',
      { class: 'lanes', width, height: bottom + 22, role: 'img', 'aria-label': data.label },
      timeAxis(from, to, x, left, right, top, bottom),
      levels && levelCurve(levels, x, data.levelsEnd, levelTop, LEVEL, left, right),
      levels && !narrow && svg('text', { class: 'name', x: 0, y: levelTop + 14 }, t('timeline.level')),
      lanes.map(drawLane),
      !lanes.length && svg('text', { class: 'name', x: left + 6, y: top + lane / 2 + 4 }, t('timeline.none')),
    ),
  );
}

/** Whether a rule of this priority is one to hurry for. */
export const isUrgent = (priority) => priority >= URGENT;
