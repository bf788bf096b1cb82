/* Where the gates of a whole run are open. */

import { bin, column, fit } from "../drawing/canvas.js";
import { drag, el, place } from "../drawing/dom.js";
import { exact, term } from "../drawing/text.js";

/** Gates over the whole sequence, tokens across and segments down: where to go next. */
export class GateMap {
  constructor(view) {
    this.view = view;
    this.canvas = el("canvas", { role: "img", "aria-label": "Gates: tokens across, memories down" });
    this.line = el("div", { class: "line" });
    this.dot = el("div", { class: "dot" });
    this.area = el("div", { class: "scrub map" }, this.canvas, this.line, this.dot);
    this.node = el(
      "div",
      { class: "gates", role: "group", "aria-label": "Map of gates" },
      el(
        "div",
        { class: "legend" },
        term("gate", el("b", {}, "all gates")),
        el("span", { class: "more" }, "token →"),
        el("span", { class: "more" }, "memory ↓"),
      ),
      this.area,
    );
    this.area.hint = (x, y) => {
      const [t, i] = this.find(x, y);
      const { run } = this.view;
      return i > run.own[t]
        ? `token ${t}`
        : `gate of token ${t} on memory ${i} = ${exact(run.weight(t, view.at.h, i))}`;
    };
    drag(this.area, (x, w, y) => {
      const [t, i] = this.find(x, y);
      view.go({ step: t, segment: i <= view.run.own[t] ? i : -1 });
    });
  }

  find(x, y) {
    const { run } = this.view;
    return [bin(x, this.width, run.T), bin(y, this.height, run.N)];
  }

  resize({ stage }) {
    const { run } = this.view;
    this.width = stage;
    this.height = Math.max(48, Math.min(168, run.N * 11));
    this.drawn = -1;
    place(this.area, { height: `${this.height}px` });
  }

  /** Each pixel shows the largest gate among the tokens that share it. */
  draw(h) {
    const { run, colours } = this.view;
    const columns = Math.min(run.T, Math.round(this.width * (globalThis.devicePixelRatio || 1)));
    const image = new ImageData(columns, run.N);
    const most = new Float32Array(columns * run.N);
    const scale = run.a.weights.extent();
    for (let t = 0; t < run.T; t++) {
      const x = column(t, run.T, columns);
      for (let i = 0; i <= run.own[t]; i++) {
        const at = i * columns + x;
        const weight = Math.abs(run.weight(t, h, i)) / scale;
        if (weight > most[at]) most[at] = weight;
      }
    }
    const [r, g, b] = colours.gate;
    const [br, bg, bb] = colours.ground;
    for (let x = 0; x < columns; x++) {
      const own = run.own[column(x, columns, run.T)];
      for (let i = 0; i <= own; i++) {
        const at = i * columns + x;
        const weight = most[at];
        const alpha = weight > 0 ? 0.1 + 0.9 * weight : 0;
        const ground = 0.07;
        const a = alpha + ground * (1 - alpha);
        image.data[4 * at] = (r * alpha + br * ground * (1 - alpha)) / a;
        image.data[4 * at + 1] = (g * alpha + bg * ground * (1 - alpha)) / a;
        image.data[4 * at + 2] = (b * alpha + bb * ground * (1 - alpha)) / a;
        image.data[4 * at + 3] = 255 * a;
      }
    }
    const tile = document.createElement("canvas");
    [tile.width, tile.height] = [columns, run.N];
    tile.getContext("2d").putImageData(image, 0, 0);
    const context = fit(this.canvas, this.width, this.height);
    context.drawImage(tile, 0, 0, this.width, this.height);
    const [dx, dy] = [this.width / run.T, this.height / run.N];
    context.strokeStyle = colours.css.truth;
    context.lineWidth = 1.25;
    for (let t = 0; t < run.T; t++) {
      const source = run.source(t);
      if (source >= 0) context.strokeRect(t * dx, run.own[source] * dy + 0.5, Math.max(dx, 2), dy - 1);
    }
  }

  paint(run, { t, h, i }) {
    if (this.drawn !== h) {
      this.draw(h);
      this.drawn = h;
    }
    place(this.line, {
      transform: `translateX(${((t / run.T) * this.width).toFixed(1)}px)`,
      width: `${Math.max(2, this.width / run.T).toFixed(1)}px`,
    });
    const row = i < 0 ? run.own[t] : i;
    place(this.dot, {
      transform: `translateY(${((row / run.N) * this.height).toFixed(1)}px)`,
      height: `${Math.max(2, this.height / run.N).toFixed(1)}px`,
    });
  }
}
