/* Measurements over training, and below them the gates of one token: what a film's slider shows. */

import { bin, fit } from "../drawing/canvas.js";
import { el, show } from "../drawing/dom.js";
import { clipped, format, percent, visible } from "../drawing/text.js";

/** Heights in pixels: of the curves, the steps below them, a memory's gates, all of them, the answer. Less in a low window. */
const HEIGHTS = {
  tall: { curves: 64, ticks: 14, row: 7, most: 84, answer: 8 },
  low: { curves: 32, ticks: 13, row: 4, most: 40, answer: 7 },
  short: { curves: 24, ticks: 13, row: 3, most: 30, answer: 6 },
};
/** How each curve is drawn: its colour, and the lengths of its strokes, as no hue speaks alone. */
const LOOKS = {
  loss: ["fg", []],
  accuracy: ["truth", []],
  hit: ["gate", []],
  entropy: ["gate", [2, 3]],
  other: ["online", [6, 3]],
};

export class Learning {
  constructor() {
    this.curves = el("canvas", { class: "curves", "aria-hidden": "true" });
    this.gates = el("canvas", {
      class: "gates-over-training",
      role: "img",
      "aria-label": "Gates of this token over training: frames across, memories down",
    });
    this.nodes = [this.curves, this.gates];
    this.rows = 0;
  }

  /** The room changed. */
  resize(width, height) {
    this.width = width;
    this.heights = HEIGHTS[height];
  }

  /** Draw what was measured, and the gates of a token and head; `jumps` are frames that are marked. */
  draw(film, runs, jumps, at, colours) {
    this.length = film.steps.length;
    this.drawCurves(film, jumps, colours);
    this.drawGates(runs, at, colours);
  }

  /** Where in the strip a frame's middle stands. */
  x(frame) {
    return ((frame + 0.5) * this.width) / this.length;
  }

  drawCurves({ curves, steps }, jumps, colours) {
    const { curves: height, ticks } = this.heights;
    const context = fit(this.curves, this.width, height + ticks);
    context.lineJoin = "round";
    for (const curve of curves) {
      const [colour, dashes] = LOOKS[lookOf(curve)];
      const known = curve.values.filter((value) => value !== null);
      const top = curve.share ? 1 : Math.max(...known, 1e-9);
      context.strokeStyle = colours.css[colour];
      context.setLineDash(dashes);
      context.lineWidth = 1.5;
      context.beginPath();
      let apart = true;
      curve.values.forEach((value, frame) => {
        if (value === null) apart = true;
        else {
          context[apart ? "moveTo" : "lineTo"](this.x(frame), 2 + (height - 4) * (1 - value / top));
          apart = false;
        }
      });
      context.stroke();
    }
    context.setLineDash([]);
    context.fillStyle = colours.css.fg;
    for (const frame of jumps) {
      const x = this.x(frame);
      context.beginPath();
      context.moveTo(x - 4, 0);
      context.lineTo(x + 4, 0);
      context.lineTo(x, 7);
      context.fill();
    }
    this.drawTicks(context, steps, colours);
  }

  /** Steps of training below the curves, as many as there is room for. */
  drawTicks(context, steps, colours) {
    context.fillStyle = colours.css.fg;
    context.globalAlpha = 0.7;
    context.font = "10px system-ui, sans-serif";
    let free = 0;
    steps.forEach((step, frame) => {
      const text = step.toLocaleString("en");
      const wide = context.measureText(text).width;
      const left = Math.max(0, Math.min(this.width - wide, this.x(frame) - wide / 2));
      if (left < free) return;
      context.fillText(text, left, this.heights.curves + 10);
      free = left + wide + 14;
    });
    context.globalAlpha = 1;
  }

  /** How the gates of a token came to be: a column for each frame, a row for each memory; below, whether it was right. */
  drawGates(runs, { t, h }, colours) {
    const first = runs.find(Boolean);
    const own = first.own[t];
    const { row: most, most: all, answer } = this.heights;
    // room for every memory, also for those to come: what stands below stays in its place from token to token
    const row = Math.min(most, all / first.N);
    this.rows = first.compares ? (own + 1) * row : 0;
    const asked = Boolean(first.target(t));
    const height = (first.compares ? first.N * row : 0) + (first.asksSome ? answer : 0);
    show(this.gates, height > 0);
    if (!height) return;
    const context = fit(this.gates, this.width, height);
    const step = this.width / this.length;
    const wide = Math.max(1, step - (step > 6 ? 1 : 0));
    const source = first.source(t);
    runs.forEach((run, frame) => {
      const x = frame * step;
      for (let i = 0; this.rows && i <= own; i++) {
        const weight = Math.min(1, Math.abs(run.weight(t, h, i))) || 0;
        context.fillStyle = i === own ? colours.css.online : colours.css.gate;
        context.globalAlpha = 0.06 + 0.94 * weight;
        context.fillRect(x, i * row, wide, Math.max(1, row - 1));
      }
      context.globalAlpha = 1;
      if (!asked) return;
      const wrong = run.predictions.tokens[t][0] !== run.target(t);
      context.fillStyle = wrong ? colours.css.wrong : colours.css.truth;
      context.fillRect(x, this.rows + (wrong ? 2 : 5), wide, wrong ? 6 : 3);
    });
    if (this.rows && source >= 0 && first.own[source] <= own) {
      context.strokeStyle = colours.css.truth;
      context.strokeRect(0.5, first.own[source] * row - 0.5, this.width - 1, row);
    }
  }

  /** What stands at a place of the strip. */
  hint(y, frame, { steps, curves }, run, { t, h }) {
    const below = y - this.heights.curves - this.heights.ticks;
    const said = [`step ${steps[frame].toLocaleString("en")}`];
    if (run && this.rows && below >= 0 && below < this.rows) {
      const i = bin(below, this.rows, run.own[t] + 1);
      return [...said, `gate of token ${t} on ${run.memoryName(t, i)} = ${format(run.weight(t, h, i))}`].join(" · ");
    }
    if (run && below >= 0 && run.target(t)) {
      const answer = run.predictions.tokens[t][0];
      return [...said, `${answer === run.target(t) ? "✓" : "✗"} ${clipped(visible(answer))}`].join(" · ");
    }
    return [...said, ...curves.map((curve) => `${curve.title} ${measuredOf(curve, frame)}`)].join(" · ");
  }
}

export function lookOf({ name }) {
  return name in LOOKS ? name : "other";
}

/** A measurement as it is shown. */
export function measuredOf({ values, share }, frame) {
  const value = values[frame];
  return value === null || value === undefined ? "–" : share ? percent(value) : format(value);
}
