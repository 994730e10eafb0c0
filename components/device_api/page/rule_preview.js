// SPDX-License-Identifier: Apache-2.0
/** What the edited rules would have done over the last hour, beside what was. */

import { ask } from './api.js';
import { h, put, say } from './dom.js';
import { clock, lasting, percent, t } from './i18n.js';
import { drawLanes } from './lanes.js';
import { deviceNow, live, startOf } from './live.js';
import { explain } from './notices.js';
import { HistoryReader } from './records.js';

const HOUR_MS = 3600000;
const PAGES = 3;

/** `node` to show; `show(body, rules)` asks for a document and draws these of its rules. */
export function rulePreview() {
  const heading = h('h2', { id: 'h-preview' }, t('preview.title'));
  const text = h('p', { role: 'status' });
  const chart = h('div', { class: 'chart' });
  const list = h('ul', { class: 'previewed' });
  const node = h('section', { class: 'panel preview', 'aria-labelledby': 'h-preview', hidden: true }, heading, text, chart, list);
  let last = null;
  new ResizeObserver(() => last && drawLanes(chart, last)).observe(chart);

  return {
    node,
    hide() {
      node.hidden = true;
    },
    async show(body, rules) {
      node.hidden = false;
      say(text, t('preview.asking'));
      try {
        const [{ data }] = await Promise.all([ask('POST', 'rules/preview', body), new HistoryReader(null).readTo(deviceNow() - HOUR_MS, PAGES).catch(() => {})]);
        const to = data.utc === null ? deviceNow() : Date.parse(data.utc);
        const from = to - data.seconds * 1000;
        const would = (rule) => data.events.filter((event) => event.rule === rule.name).map((event) => ({ ...event, start: to + event.start_s * 1000 }));
        const was = (rule) => live.events.list().filter((event) => event.rule === rule.name && startOf(event) >= from);
        const bars = (events) => events.map((event) => ({ start: event.start ?? startOf(event), end: (event.start ?? startOf(event)) + event.duration_s * 1000 }));
        say(text, t('preview.looked', { time: lasting(Math.max(1, data.seconds)) }));
        last = {
          from: to - HOUR_MS,
          to,
          label: t('preview.title'),
          lanes: rules.flatMap((rule) => [
            { title: rule.title || rule.name, bars: bars(would(rule)) },
            { title: t('preview.was'), className: 'was', bars: bars(was(rule)) },
          ]),
        };
        drawLanes(chart, last);
        put(
          list,
          rules.map((rule) => {
            const events = would(rule);
            return h(
              'li',
              {},
              h('strong', {}, rule.title || rule.name),
              ` ${t('preview.times', { n: events.length })} ${t('preview.before', { n: was(rule).length })}`,
              events.length > 0 && h('span', { class: 'num dim' }, ` ${events.slice(0, 5).map((event) => `${clock(event.start, false)} (${lasting(event.duration_s)}, ${percent(event.peak)})`).join(' · ')}`),
            );
          }),
        );
      } catch (problem) {
        put(chart);
        put(list);
        last = null;
        say(text, explain(problem));
      }
    },
  };
}
