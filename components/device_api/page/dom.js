// SPDX-License-Identifier: Apache-2.0
/** The browser: elements made without markup (what the device says is only ever text), and what it remembers. */

const AS_PROPERTY = new Set(['value', 'checked', 'disabled', 'hidden', 'open', 'indeterminate']);

function build(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null) continue;
    if (typeof value === 'function') node.addEventListener(name.slice(2), value);
    else if (AS_PROPERTY.has(name)) node[name] = value;
    else if (value !== false) node.setAttribute(name, value === true ? '' : value);
  }
  add(node, ...children);
  return node;
}

const usable = (children) => children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);

/** An HTML element. `onclick` and the like take functions; children that are null or false are left out. */
export const h = (tag, attributes, ...children) => build(document.createElement(tag), attributes, children);

/** The same in SVG. */
export const svg = (tag, attributes, ...children) =>
  build(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);

/** Append to a node. */
export const add = (node, ...children) => node.append(...usable(children));

/** Replace what is in a node. */
export const put = (node, ...children) => node.replaceChildren(...usable(children));

/** Set a node's text, unless it is that already: nothing is to be announced twice. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

let serial = 0;

/** An id for a label or a list. */
export const freshId = () => `i${++serial}`;

const ICONS = {
  now: 'M3 12h3l2.5-7 4 14L15.500 12H21',
  timeline: 'M3 6h7M13 6h8M3 12h3M9 12h12M3 18h10M16 18h5',
  rules: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 4.500v5M9 14.500v5',
  device: 'M7 4h10v16H7zM10 8h4M11 16.500h2',
  network: 'M3 9.500a13 13 0 0 1 18 0M6 13a8.500 8.500 0 0 1 12 0M9 16.500a4.200 4.200 0 0 1 6 0M12 20v.1',
  eye: 'M2.500 12c4-7 15-7 19 0-4 7-15 7-19 0M12 9.500a2.500 2.500 0 1 0 0 5a2.500 2.500 0 0 0 0-5',
  hidden: 'M2.500 12c4-7 15-7 19 0-4 7-15 7-19 0M5 20L19 4',
  mic: 'M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3M6 11a6 6 0 0 0 12 0M12 17v4',
  off: 'M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3M6 11a6 6 0 0 0 12 0M12 17v4M4 3l16 18',
  play: 'M8 5v14l11-7z',
  pause: 'M8 5v14M16 5v14',
  stop: 'M7 7h10v10H7z',
  ear: 'M4 14v-2a8 8 0 0 1 16 0v2M4 14h3v6H4zM17 14h3v6h-3z',
  star: 'M12 4l2.400 5.200 5.600.700-4.100 3.900 1.100 5.600-5-2.800-5 2.800 1.100-5.600L4 9.900l5.600-.7z',
  save: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  bin: 'M5 7h14M10 4h4M7 7l1 13h8l1-13',
  back: 'M15 5l-7 7 7 7',
  next: 'M9 5l7 7-7 7',
  add: 'M12 5v14M5 12h14',
  close: 'M6 6l12 12M18 6L6 18',
  warn: 'M12 4L2.800 20h18.400zM12 10v5M12 17.500v.5',
};

/** A line drawing, for eyes only. */
export const icon = (name) =>
  svg('svg', { class: `icon icon-${name}`, viewBox: '0 0 24 24', 'aria-hidden': 'true' }, svg('path', { d: ICONS[name] }));

/** A button that does nothing more while what it does goes on. */
export function button(attributes, act, ...children) {
  const node = h('button', { type: 'button', ...attributes }, ...children);
  node.addEventListener('click', async () => {
    if (node.getAttribute('aria-busy') === 'true') return;
    node.setAttribute('aria-busy', 'true');
    try {
      await act();
    } finally {
      node.removeAttribute('aria-busy');
    }
  });
  return node;
}

/** Remember a text. */
export function remember(name, value) {
  try {
    localStorage.setItem(`yamnet.${name}`, value);
  } catch {
    // private browsing
  }
}

/** What was remembered, or null. */
export function recall(name) {
  try {
    return localStorage.getItem(`yamnet.${name}`);
  } catch {
    return null;
  }
}
