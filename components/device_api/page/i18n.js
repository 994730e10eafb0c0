// SPDX-License-Identifier: Apache-2.0
/** Texts and formats in the reader's language. */

import { recall, remember } from './dom.js';

/** Languages by their code, each in its own words. */
export const LANGUAGES = { en: 'English', de: 'Deutsch' };

let texts = {};
let plural = new Intl.PluralRules('en');
let code = 'en';
let locale = 'en'; // with the region that the browser asks for

/** The language in use. */
export const language = () => code;

/** Load a language: this one, or the one chosen before, or the browser's. */
export async function loadLanguage(wanted) {
  const asked = [wanted ?? recall('language'), ...navigator.languages.map((each) => each.slice(0, 2)), 'en'];
  const found = asked.find((each) => each in LANGUAGES);
  texts = await (await fetch(`${found}.json`)).json();
  code = found;
  if (wanted) remember('language', wanted);
  locale = navigator.languages.find((each) => each.slice(0, 2) === code) ?? code;
  plural = new Intl.PluralRules(code);
  document.documentElement.lang = code;
}

/** A text. Values are for what stands in braces; `n` chooses singular or plural. */
export function t(key, values = {}, otherwise = key) {
  let text = texts[key] ?? otherwise;
  if (typeof text === 'object') text = text[plural.select(values.n)];
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** What a rule is called: presets' titles are translated. */
export const translatedTitle = (title) => texts.titles?.[title] ?? title;

const formats = new Map();

function format(Kind, options) {
  const key = locale + Kind.name + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Kind(locale, options));
  return formats.get(key);
}

/** A number with a true minus sign. */
export const number = (value, digits = 0) =>
  format(Intl.NumberFormat, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value).replace('-', '−');

export const percent = (value) =>
  format(Intl.NumberFormat, { style: 'percent', maximumFractionDigits: value < 0.1 ? 1 : 0 }).format(value);

export const dbfs = (value) => `${number(value)} dBFS`;

export const clock = (ms, seconds = true) =>
  format(Intl.DateTimeFormat, { hour: '2-digit', minute: '2-digit', second: seconds ? '2-digit' : undefined }).format(ms);

export const moment = (ms) => format(Intl.DateTimeFormat, { dateStyle: 'medium', timeStyle: 'medium' }).format(ms);

/** The day, if it is not today's, and the time. */
export function shortMoment(ms, now) {
  if (new Date(ms).toDateString() === new Date(now).toDateString()) return clock(ms);
  return format(Intl.DateTimeFormat, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
  }).format(ms);
}

const UNITS = [
  ['day', 86400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];

/** How long ago something was: "3 minutes ago". */
export function ago(seconds) {
  const [unit, size] = UNITS.find(([, each]) => seconds >= each) ?? UNITS[3];
  return format(Intl.RelativeTimeFormat, { numeric: 'auto' }).format(-Math.floor(seconds / size), unit);
}

const SYMBOLS = { day: 'd', hour: 'h', minute: 'min', second: 's' };

/** How long something lasts: the two largest units, "2 h 5 min". */
export function lasting(seconds) {
  if (seconds < 60) return `${number(seconds, seconds < 10 && seconds % 1 ? 1 : 0)} s`;
  const first = UNITS.findIndex(([, size]) => seconds >= size);
  return [UNITS[first], UNITS[first + 1]]
    .map(([name, size], index) => [Math.floor((index ? seconds % UNITS[first][1] : seconds) / size), SYMBOLS[name]])
    .filter(([count]) => count)
    .map(([count, symbol]) => `${number(count)} ${symbol}`)
    .join(' ');
}

export function bytes(value) {
  const power = value < 1024 ? 0 : value < 1024 * 1024 ? 1 : 2;
  const text = number(value / 1024 ** power, power && value / 1024 ** power < 100 ? 1 : 0);
  return `${text} ${['B', 'KB', 'MB'][power]}`;
}
