/* Two runs beside each other. */

import { bin, fit, pixel } from "../drawing/canvas.js";
import { drag, el, place, show, write } from "../drawing/dom.js";
import { entry, Picture } from "../drawing/picture.js";
import { exact, format } from "../drawing/text.js";

/** Where two runs in step part: the first tokens that differ, and by how much their outputs do. */
export class Difference {
  constructor(stepper, difference) {
    this.stepper = stepper;
    this.firsts = difference.first;
    this.a = difference.arrays;
    this.size = el("canvas", {
      class: "overview",
      role: "img",
      "aria-label": "Difference of the outputs over all tokens",
    });
    this.line = el("div", { class: "lens" });
    this.area = el("div", { class: "scrub" }, this.size, this.line);
    this.now = el("span", { class: "number", "data-number": "difference" });
    this.bars = new Picture("Difference of the outputs");
    const jumps = Object.entries(this.firsts).map(([name, t]) =>
      t === null
        ? el("span", { class: "jump" }, `${name}: the same throughout`)
        : el(
            "button",
            { type: "button", class: "jump", onclick: () => stepper.go({ step: t }) },
            `${name}: token ${t}`,
          ),
    );
    this.gates = el("canvas", { role: "img", "aria-label": "Difference of the gates: tokens across, memories down" });
    this.gateArea = el("div", { class: "scrub map" }, this.gates);
    this.gateNote = el(
      "p",
      { class: "note" },
      "gates: where the second run weighs a memory ",
      el("b", { class: "more-gate" }, "more"),
      " or ",
      el("b", { class: "less-gate" }, "less"),
    );
    this.node = el(
      "div",
      { class: "difference", role: "group", "aria-label": "Difference of the two runs" },
      el("p", {}, el("b", {}, "second minus first"), " · first token where they part  ", ...jumps),
      el("p", { class: "note" }, "outputs"),
      this.area,
      this.gateNote,
      this.gateArea,
      el("div", { class: "now" }, this.bars.node, el("span", {}, "largest difference of the outputs here ", this.now)),
    );
    for (const area of [this.area, this.gateArea]) drag(area, (x, w) => stepper.go({ step: bin(x, w, stepper.T) }));
    show(this.gateArea, Boolean(this.a.weights));
    show(this.gateNote, Boolean(this.a.weights));
    this.gateArea.hint = (x, y) => {
      const { run, state } = stepper;
      const t = bin(x, this.width, stepper.T);
      const i = bin(y, this.height, run.N);
      return i > run.own[t]
        ? `token ${t}`
        : `gate of token ${t} on memory ${i}: ${exact(this.a.weights.at(run.index(t, state.head, i)))}`;
    };
    this.area.hint = (x) => {
      const t = bin(x, this.width, stepper.T);
      return `token ${t}: outputs differ by up to ${exact(this.a.size.at(t * stepper.H + stepper.state.head))}`;
    };
  }

  resize() {
    this.width = this.area.clientWidth;
    this.height = Math.max(40, Math.min(90, this.stepper.N * 6));
    this.drawn = -1;
  }

  /** The difference of the gates of a head; what is not read by either run is left blank. */
  drawGates(head) {
    const { run, colours } = this.stepper;
    const tile = document.createElement("canvas");
    [tile.width, tile.height] = [run.T, run.N];
    const image = new ImageData(run.T, run.N);
    const scale = this.a.weights.extent();
    for (let t = 0; t < run.T; t++) {
      for (let i = 0; i <= run.own[t]; i++) {
        pixel(image.data, 4 * (i * run.T + t), this.a.weights.at(run.index(t, head, i)), scale, colours);
      }
    }
    tile.getContext("2d").putImageData(image, 0, 0);
    fit(this.gates, this.width, this.height).drawImage(tile, 0, 0, this.width, this.height);
  }

  paint({ step, head }) {
    const { T, H, colours } = this.stepper;
    if (this.drawn !== head) {
      const context = fit(this.size, this.width, 30);
      const scale = this.a.size.extent();
      context.fillStyle = colours.css.fg;
      for (let t = 0; t < T; t++) {
        const height = (this.a.size.at(t * H + head) / scale) * 30;
        context.fillRect((t / T) * this.width, 30 - height, Math.max(0.75, this.width / T - 0.5), height);
      }
      if (this.a.weights) this.drawGates(head);
      this.drawn = head;
    }
    place(this.line, {
      transform: `translateX(${((step / T) * this.width).toFixed(1)}px)`,
      width: `${Math.max(3, this.width / T)}px`,
    });
    write(this.now, format(this.a.size.at(step * H + head)));
    const V = this.a.output.shape[2];
    const vector = { numbers: this.a.output, start: (step * H + head) * V, count: V };
    this.bars.bars(
      vector,
      Math.min(420, this.width),
      36,
      vector.numbers.extent(),
      colours,
      entry(vector, "difference of y"),
    );
  }
}
