/* Numbers as pixels and bars of a canvas. */

import { place } from "./dom.js";

/** A canvas's context, with the canvas fitted to w × h and to the screen's resolution. */
export function fit(canvas, w, h) {
  const ratio = (globalThis.devicePixelRatio || 1) * (canvas.currentCSSZoom ?? 1);
  const [pw, ph] = [Math.max(1, Math.round(w * ratio)), Math.max(1, Math.round(h * ratio))];
  if (canvas.width !== pw || canvas.height !== ph) {
    [canvas.width, canvas.height] = [pw, ph];
  }
  place(canvas, { width: `${w}px`, height: `${h}px` });
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, w, h);
  context.imageSmoothingEnabled = false;
  return context;
}

/** In which of n equal parts of a width a place is. */
export function bin(x, width, n) {
  return Math.max(0, Math.min(n - 1, Math.floor((x / width) * n)));
}

/** In which of `columns` equal parts the n-th of `many` begins: whole numbers, so that no part is skipped. */
export function column(n, many, columns) {
  return Math.floor((n * columns) / many);
}

/** Signed numbers as pixels: hue is the sign, opacity the size, and what is not finite is solid. */
export function pixel(data, at, x, scale, colours) {
  const [r, g, b] = Number.isFinite(x) ? (x < 0 ? colours.negative : colours.positive) : colours.wrong;
  data[at] = r;
  data[at + 1] = g;
  data[at + 2] = b;
  data[at + 3] = Number.isFinite(x) ? 255 * Math.min(1, Math.abs(x) / scale) ** 0.7 : 255;
}

const scratch = { canvas: null, image: null };

/** Draw a grid of numbers into a rectangle. */
export function drawGrid(context, grid, x, y, w, h, colours) {
  const { rows, columns } = grid;
  scratch.canvas ??= document.createElement("canvas");
  if (scratch.canvas.width !== columns || scratch.canvas.height !== rows || !scratch.image) {
    [scratch.canvas.width, scratch.canvas.height] = [columns, rows];
    scratch.image = new ImageData(columns, rows);
  }
  const { data } = scratch.image;
  for (let r = 0, at = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++, at += 4) pixel(data, at, grid.numbers.at(grid.place(r, c)), grid.scale, colours);
  }
  scratch.canvas.getContext("2d").putImageData(scratch.image, 0, 0);
  context.drawImage(scratch.canvas, x, y, w, h);
}

/** Draw a vector as signed bars around the middle of a rectangle. */
export function drawBars(context, vector, x, y, w, h, scale, colours) {
  const { numbers, start, count } = vector;
  const step = w / count;
  const gap = step > 4 ? 1 : 0;
  context.fillStyle = colours.line;
  context.fillRect(x, y + h / 2 - 0.5, w, 1);
  for (let c = 0; c < count; c++) {
    const value = numbers.at(start + c);
    const size = Number.isFinite(value) ? Math.min(1, Math.abs(value) / scale) * (h / 2) : h / 2;
    const [r, g, b] = Number.isFinite(value) ? (value < 0 ? colours.negative : colours.positive) : colours.wrong;
    context.fillStyle = `rgb(${r} ${g} ${b})`;
    context.fillRect(x + c * step, value < 0 ? y + h / 2 : y + h / 2 - size, Math.max(step - gap, 0.5), size);
  }
}
