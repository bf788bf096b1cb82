/* A picture of numbers that says each of them. */

import { drawBars, drawGrid, fit } from "./canvas.js";
import { el } from "./dom.js";
import { exact } from "./text.js";

/** A canvas whose cells say their numbers: under the pointer, or, when focused, under a cursor moved by Shift+arrows. */
export class Picture {
  constructor(label) {
    this.node = el("canvas", { class: "picture", tabindex: "0", role: "img", "aria-label": label });
    this.cells = null;
    this.cursor = [0, 0];
    this.node.hint = (x, y) => this.find(x, y)?.text;
    this.node.pick = (x, y) => this.find(x, y)?.pick;
    this.node.move = (dr, dc) => {
      if (!this.cells) return null;
      const { rows, columns, w, h } = this.cells;
      this.cursor = [(this.cursor[0] + dr + rows) % rows, (this.cursor[1] + dc + columns) % columns];
      return [((this.cursor[1] + 0.5) * w) / columns, ((this.cursor[0] + 0.5) * h) / rows];
    };
  }

  find(x, y) {
    if (!this.cells) return null;
    const { rows, columns, w, h, tell } = this.cells;
    const [r, c] = [Math.floor((y / h) * rows), Math.floor((x / w) * columns)];
    return r < 0 || c < 0 || r >= rows || c >= columns ? null : tell(r, c);
  }

  grid(grid, w, h, colours, tell) {
    const context = fit(this.node, w, h);
    drawGrid(context, grid, 0, 0, w, h, colours);
    this.cells = { rows: grid.rows, columns: grid.columns, w, h, tell };
  }

  bars(vector, w, h, scale, colours, tell) {
    const context = fit(this.node, w, h);
    drawBars(context, vector, 0, 0, w, h, scale, colours);
    this.cells = { rows: 1, columns: vector.count, w, h, tell: (r, c) => tell(c) };
  }
}

/** The largest value of a grid, and the grid drawn on a scale of its own. */
export function largest(grid) {
  let most = 0;
  for (let r = 0; r < grid.rows; r++) {
    for (let c = 0; c < grid.columns; c++) most = Math.max(most, Math.abs(grid.numbers.at(grid.place(r, c))) || 0);
  }
  return most;
}

export function largestOf({ numbers, start, count: n }) {
  let most = 0;
  for (let c = 0; c < n; c++) most = Math.max(most, Math.abs(numbers.at(start + c)) || 0);
  return most || 1;
}

export function ownScale(grid) {
  return { ...grid, scale: largest(grid) || 1 };
}

/** What a cell of a grid says. `pick` leads to its equation. */
export function cell(grid, symbol, pick) {
  return (r, c) => {
    const [row, column] = grid.turned ? [c, r] : [r, c];
    const value = grid.numbers.at(grid.place(r, c));
    return { text: `${symbol}[${row}, ${column}] = ${exact(value, grid.numbers.digits)}`, pick: { ...pick, r, c } };
  };
}

export function entry(vector, symbol, pick) {
  return (c) => ({
    text: `${symbol}[${c}] = ${exact(vector.numbers.at(vector.start + c), vector.numbers.digits)}`,
    pick: pick && { ...pick, c },
  });
}
