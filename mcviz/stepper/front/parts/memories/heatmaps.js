/* The memories as heat maps on one canvas: the state's arrays of each, one below the other. */

import { drawGrid } from "../../drawing/canvas.js";

/** Pictures of checkpoints, drawn once for a head, and of the online memory, drawn anew at each token. */
export class Heatmaps {
  constructor(view) {
    this.view = view;
    const { pictures } = view.run;
    this.rows = pictures.reduce((rows, picture) => rows + picture.rows, 0);
    this.columns = Math.max(...pictures.map((picture) => picture.columns));
    this.shape = this.rows / this.columns;
    this.drawn = null;
  }

  /** The colours or the run changed. */
  forget() {
    this.drawn = null;
  }

  /** The checkpoints of a head, each one a tile of one canvas. */
  tiles(h) {
    if (this.drawn?.h === h) return this.drawn;
    const { run, colours } = this.view;
    const { rows, columns } = this;
    const across = Math.max(1, Math.floor(4096 / columns));
    const canvas = document.createElement("canvas");
    canvas.width = Math.min(run.N, across) * columns;
    canvas.height = Math.ceil(run.N / across) * rows;
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    const tile = (i) => [(i % across) * columns, Math.floor(i / across) * rows];
    for (let i = 0; i < run.N; i++) {
      const [x, top] = tile(i);
      let y = top;
      for (const picture of run.pictures) {
        const grid = run.grid("checkpoints", picture, i, h);
        if (grid) drawGrid(context, grid, x, y, columns, picture.rows, colours);
        y += picture.rows;
      }
    }
    this.drawn = { h, canvas, tile };
    return this.drawn;
  }

  drawCheckpoint(context, i, h, x, y, w, height) {
    const { canvas, tile } = this.tiles(h);
    context.drawImage(canvas, ...tile(i), this.columns, this.rows, x, y, w, height);
  }

  /** On the scale of the checkpoints, so that the two can be compared; hatched where it is not at hand. */
  drawOnline(context, { t, h }, x, y, w, total) {
    const { run, colours } = this.view;
    let top = y;
    for (const picture of run.pictures) {
      const grid = run.grid("states", picture, t, h);
      const height = (total * picture.rows) / this.rows;
      if (grid) {
        const kept = run.grid("checkpoints", picture, run.own[t], h);
        drawGrid(context, { ...grid, scale: kept?.scale ?? grid.scale }, x, top, w, height, colours);
      } else hatch(context, x, top, w, height, colours.line);
      top += height;
    }
  }

  /** The cell of memory i at a place, both directions from 0 to 1, as {grid, r, c}. */
  find({ t, h }, i, across, down) {
    const { run } = this.view;
    let r = Math.floor(down * this.rows);
    for (const picture of run.pictures) {
      if (r < picture.rows) {
        const grid = i === run.own[t] ? run.grid("states", picture, t, h) : run.grid("checkpoints", picture, i, h);
        return grid && { grid, r, c: Math.min(picture.columns - 1, Math.floor(across * picture.columns)) };
      }
      r -= picture.rows;
    }
    return null;
  }
}

function hatch(context, x, y, w, h, colour) {
  context.strokeStyle = colour;
  context.beginPath();
  for (let d = 6; d < w + h; d += 8) {
    context.moveTo(x + Math.max(0, d - h), y + Math.min(d, h));
    context.lineTo(x + Math.min(d, w), y + Math.max(0, d - w));
  }
  context.stroke();
}
