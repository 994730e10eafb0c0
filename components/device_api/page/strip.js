// SPDX-License-Identifier: Apache-2.0
/** The last 30 seconds as log-mel, drawn from what comes with each patch, with the level and its floor below. */

import { ramp, sharp, still } from './canvas.js';

const BANDS = 64;
const FRAMES = 12; // of 40 ms, new with each patch
const PATCH_MS = 480;
const PATCHES = 63; // 30 s
const COLUMNS = FRAMES * PATCHES;
const LEVEL_HEIGHT = 44;
const GAP_PATCHES = 3;

/** Patches that came lately. */
export class StripMemory {
  patches = [];
  cameAt = 0;

  /** Take a `scores` event; a hole before it stays a hole. */
  take(scores) {
    const last = this.patches.at(-1);
    const missing = last ? Math.round((performance.now() - this.cameAt) / PATCH_MS) - 1 : 0;
    const isNewRun = last && scores.patch <= last.patch;
    if (missing > GAP_PATCHES || isNewRun) this.#hole(Math.max(1, missing));
    const mel = scores.mel ? Uint8Array.from(atob(scores.mel), (c) => c.charCodeAt(0)) : null;
    this.patches.push({ patch: scores.patch, mel, level: scores.level_dbfs, floor: scores.floor_dbfs });
    this.patches = this.patches.slice(-PATCHES - 1);
    this.cameAt = performance.now();
  }

  #hole(count) {
    for (let i = 0; i < Math.min(count, PATCHES); ++i) this.patches.push({ patch: -1, mel: null, level: null, floor: null });
  }
}

/** Draw a memory into a canvas; the result's `fresh()` is to be told of each new patch. */
export function drawStrip(canvas, memory, signal) {
  const picture = new OffscreenCanvas(COLUMNS + FRAMES, BANDS);
  const pen = picture.getContext('2d');
  let colours;
  let shades;
  let drawnFor = null;

  const paint = (theme) => {
    if (colours !== theme) {
      colours = theme;
      shades = ramp(theme.screen, theme.accent, theme.ink);
      drawnFor = null;
    }
    if (drawnFor === memory.cameAt) return;
    drawnFor = memory.cameAt;
    const image = pen.createImageData(picture.width, BANDS);
    const begin = (PATCHES + 1 - memory.patches.length) * FRAMES;
    memory.patches.forEach(({ mel }, index) => {
      if (!mel) return;
      for (let frame = 0; frame < FRAMES; ++frame) {
        for (let band = 0; band < BANDS; ++band) {
          const at = 4 * ((BANDS - 1 - band) * picture.width + begin + index * FRAMES + frame);
          const [r, g, b] = shades[mel[frame * BANDS + band]];
          image.data[at] = r;
          image.data[at + 1] = g;
          image.data[at + 2] = b;
          image.data[at + 3] = 255;
        }
      }
    });
    pen.putImageData(image, 0, 0);
  };

  const redraw = sharp(canvas, signal, (g, width, height, theme) => {
    paint(theme);
    const since = Math.min(1, (performance.now() - memory.cameAt) / PATCH_MS);
    const shift = still() ? 1 : since; // the newest patch slides in
    const column = width / COLUMNS;
    const melHeight = height - LEVEL_HEIGHT;
    g.fillStyle = theme.screen;
    g.fillRect(0, 0, width, height);
    g.imageSmoothingEnabled = true;
    g.drawImage(picture, -shift * FRAMES * column, 0, picture.width * column, melHeight);
    drawLevels(g, width, height, theme, shift);
  });

  const drawLevels = (g, width, height, theme, shift) => {
    const top = height - LEVEL_HEIGHT;
    const y = (db) => top + 4 + (1 - Math.min(1, Math.max(0, (db + 90) / 90))) * (LEVEL_HEIGHT - 8);
    const step = width / PATCHES;
    const x = (index) => width - (memory.patches.length - 1 - index) * step + (1 - shift) * step;
    g.fillStyle = theme.line;
    g.fillRect(0, top, width, 1);
    const line = (key, colour, dash) => {
      g.beginPath();
      g.setLineDash(dash);
      g.strokeStyle = colour;
      g.lineWidth = 1.5;
      let pen = false;
      memory.patches.forEach((patch, index) => {
        if (patch[key] === null) pen = false;
        else if (pen) g.lineTo(x(index), y(patch[key]));
        else g.moveTo(x(index), y(patch[key]));
        pen = patch[key] !== null;
      });
      g.stroke();
      g.setLineDash([]);
    };
    line('floor', theme.faint, [3, 3]);
    line('level', theme.accent, []);
  };

  let running = false;
  const move = () => {
    redraw();
    running = !signal.aborted && !still() && performance.now() - memory.cameAt < PATCH_MS;
    if (running) requestAnimationFrame(move);
  };
  return {
    fresh() {
      if (!running) move();
    },
  };
}
