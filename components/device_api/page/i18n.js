// SPDX-License-Identifier: Apache-2.0
/** Texts and formats of the language that the reader has chosen, or else the browser's. */

import { remember, recall } from './memory.js';

/** Languages by their code, each in its own words. */
export const LANGUAGES = { en: 'English', de: 'Deutsch' };

let texts = {};
let plural = new Intl.PluralRules('en');
let code = 'en';
let locale = 'en'; // with the region that the browser asks for

/** The language in use. */
export const language = () => code;

/** Load a language; without one, what was chosen before, or what the browser asks for. */
export async function loadLanguage(wanted) {
  const asked = [wanted ?? recall('language'), ...navigator.languages.map((each) => each.slice(0, 2)), 'en'];
  code = asked.find((each) => each in LANGUAGES);
  if (wanted) remember('language', wanted);
  texts = await (await fetch(`${code}.json`)).json();
  locale = navigator.languages.find((each) => each.slice(0, 2) === code) ?? code;
  plural = new Intl.PluralRules(code);
  document.documentElement.lang = code;
}

/**
 * A text.
 * @param {string} key
 * @param {object} [values] for what stands in braces; `n` chooses singular or plural
 */
export function t(key, values = {}) {
  let text = texts[key] ?? key;
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

/** A number with so many digits behind the point, a true minus sign included. */
export const number = (value, digits = 0) =>
  format(Intl.NumberFormat, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value).replace('-', '−');

/** 0…1 as a percentage; small ones with a digit more. */
export const percent = (value) =>
  format(Intl.NumberFormat, { style: 'percent', maximumFractionDigits: value < 0.1 ? 1 : 0 }).format(value);

/** A level. */
export const dbfs = (value) => `${number(value)} dBFS`;

/** The time of day. */
export const clock = (ms, seconds = true) =>
  format(Intl.DateTimeFormat, { hour: '2-digit', minute: '2-digit', second: seconds ? '2-digit' : undefined }).format(ms);

/** Day and time. */
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

/** How long something lasts: the two largest units, "2 h 5 min". */
export function lasting(seconds) {
  const unit = (value, name, digits = 0) =>
    format(Intl.NumberFormat, { style: 'unit', unit: name, unitDisplay: 'short', maximumFractionDigits: digits }).format(value);
  if (seconds < 60) return unit(seconds, 'second', seconds < 10 ? 1 : 0);
  const first = UNITS.findIndex(([, size]) => seconds >= size);
  const [name, size] = UNITS[first];
  const [smaller, smallerSize] = UNITS[first + 1];
  const rest = Math.floor((seconds % size) / smallerSize);
  return unit(Math.floor(seconds / size), name) + (rest ? ` ${unit(rest, smaller)}` : '');
}

/** An amount of memory. */
export function bytes(value) {
  const power = value < 1024 ? 0 : value < 1024 * 1024 ? 1 : 2;
  const text = number(value / 1024 ** power, power && value / 1024 ** power < 100 ? 1 : 0);
  return `${text} ${['B', 'KB', 'MB'][power]}`;
}
