/* The flows from the memories into the output, each as wide as its gate. */

import { place, svg } from "../../drawing/dom.js";

const PIPE = 34;

export class Flows {
  constructor() {
    this.node = svg("svg", { class: "flows", "aria-hidden": "true" });
    this.paths = [];
  }

  resize(width, top, height, slots) {
    this.height = height;
    this.node.setAttribute("width", width);
    this.node.setAttribute("height", height);
    place(this.node, { top: `${top}px` });
    while (this.paths.length < slots) {
      const path = svg("path", { class: "flow" });
      this.paths.push(path);
      this.node.append(path);
    }
  }

  /** From `centre(slot)` above to around `target` below. */
  paint(run, { t, h }, shown, centre, target) {
    const weights = shown.map((i) => (i <= run.own[t] && run.isRead(t, h, i) ? run.weight(t, h, i) : 0));
    let total = 0;
    for (let i = 0; i <= run.own[t]; i++) total += Math.abs(run.weight(t, h, i)) || 0;
    const unit = PIPE / Math.max(1, total);
    let x = target - (weights.reduce((sum, weight) => sum + Math.abs(weight), 0) * unit) / 2;
    this.paths.forEach((path, slot) => {
      const width = slot < shown.length ? Math.abs(weights[slot]) * unit : 0;
      path.toggleAttribute("hidden", !(width > 0));
      if (!(width > 0)) return;
      const [a, b] = [centre(slot).toFixed(1), (x + width / 2).toFixed(1)];
      x += width;
      const H = this.height;
      path.setAttribute("d", `M${a},0 v5 C${a},${H * 0.6} ${b},${H * 0.4} ${b},${H - 5} v5`);
      path.setAttribute("stroke-width", Math.max(0.75, width).toFixed(2));
      path.setAttribute("class", shown[slot] === run.own[t] ? "flow online" : "flow");
    });
  }
}
