// SPDX-License-Identifier: Apache-2.0
/** Events as bars in lanes by rule over time, with the level below. */

import { put, svg } from './dom.js';
import { clock, number, t } from './i18n.js';

const LANE = 30;
const NARROW_LANE = 44;
const NARROW = 560;
const LEVEL = 92;
const LEAST_BAR = 4;
const URGENT = 7; // priorities from here on are drawn in the colour of alerts

const STEPS_MIN = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720];
const LEAST_PX = 64;

const scale = (from, to, low, high) => (value) => low + ((value - from) / (to - from)) * (high - low);

/** Round moments of local time between two, so far apart that their labels fit. */
function timeTicks(from, to, width) {
  const most = Math.max(2, Math.floor(width / LEAST_PX));
  const minutes = STEPS_MIN.find((step) => (to - from) / 60000 / step <= most) ?? 1440;
  const zone = new Date(from).getTimezoneOffset() * 60000;
  const step = minutes * 60000;
  const ticks = [];
  for (let at = Math.ceil((from - zone) / step) * step + zone; at <= to; at += step) ticks.push(at);
  return ticks;
}

/** Lines and times below a chart. */
function timeAxis(from, to, x, left, right, top, bottom) {
  return timeTicks(from, to, right - left).map((at) => [
    svg('line', { class: 'grid', x1: x(at), x2: x(at), y1: top, y2: bottom }),
    svg('text', { class: 'tick', x: Math.min(x(at), right - 16), y: bottom + 15, 'text-anchor': 'middle' }, clock(at, false)),
  ]);
}

/** Level and floor over time, as GET levels has them; `end` is that of the newest step. */
function levelCurve(levels, x, end, top, height, left, right) {
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

/**
 * Draw into a box, as wide as it is. Times are milliseconds; `levels` is as GET levels has it.
 * @param {{from: number, to: number, label: string, lanes: {title: string, className?: string, bars: {start: number,
 *   end: number, urgent?: boolean, key?: string}[]}[], levels?: object, levelsEnd?: number, selected?: string,
 *   choose?: (key: string) => void}} data
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

export const isUrgent = (priority) => priority >= URGENT;
