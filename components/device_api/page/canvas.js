// SPDX-License-Identifier: Apache-2.0
/** Canvases as sharp as the screen, in the colours of the style sheet. */

/**
 * Draw a canvas, in CSS pixels, and anew when its size or the theme changes, until the signal.
 * @param {(g: CanvasRenderingContext2D, width: number, height: number, colours: object) => void} draw
 * @returns {() => void} draws now
 */
export function sharp(canvas, signal, draw) {
  const g = canvas.getContext('2d');
  const dark = matchMedia('(prefers-color-scheme: dark)');
  let colours = palette();
  const redraw = () => {
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!width) return;
    const scale = devicePixelRatio;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    g.setTransform(scale, 0, 0, scale, 0, 0);
    g.clearRect(0, 0, width, height);
    draw(g, width, height, colours);
  };
  const observer = new ResizeObserver(redraw);
  observer.observe(canvas);
  signal.addEventListener('abort', () => observer.disconnect());
  dark.addEventListener(
    'change',
    () => {
      colours = palette();
      redraw();
    },
    { signal },
  );
  return redraw;
}

function palette() {
  const style = getComputedStyle(document.documentElement);
  const names = ['ink', 'faint', 'line', 'panel', 'screen', 'accent', 'alert'];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

const rgb = (text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));

/** 256 colours from one '#rrggbb' to the next. */
export function ramp(...stops) {
  const points = stops.map(rgb);
  return Array.from({ length: 256 }, (_, i) => {
    const place = (i / 255) * (points.length - 1);
    const at = Math.min(Math.floor(place), points.length - 2);
    return points[at].map((value, channel) => Math.round(value + (points[at + 1][channel] - value) * (place - at)));
  });
}

/** Whether the reader wants things to stand still. */
export const still = () => matchMedia('(prefers-reduced-motion: reduce)').matches;
