/* The flows from the memories into the output, each as wide as what it adds to it. */

import { place, svg } from "../../drawing/dom.js";

const PIPE = 34;
/** How high flows of that width are at least: in lower ones they are thinner. */
const HIGH = 40;

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

  /** From `centre(slot)` above to around `target` below. Where the output is no sum, what flows is the gates. */
  paint(run, { t, h }, shown, centre, target) {
    const own = run.own[t];
    const flow = (i) => (run.a.shares ? run.share(t, h, i) : run.weight(t, h, i)) || 0;
    const parts = shown.map((i) => (i <= own && run.isRead(t, h, i) ? flow(i) : 0));
    let total = 0;
    for (let i = 0; i <= own; i++) total += Math.abs(flow(i));
    const unit = (PIPE * Math.min(1, this.height / HIGH)) / Math.max(1, total);
    let x = target - (parts.reduce((sum, part) => sum + Math.abs(part), 0) * unit) / 2;
    this.paths.forEach((path, slot) => {
      const width = slot < shown.length ? Math.abs(parts[slot]) * unit : 0;
      path.toggleAttribute("hidden", !(width > 0));
      if (!(width > 0)) return;
      const [a, b] = [centre(slot).toFixed(1), (x + width / 2).toFixed(1)];
      x += width;
      const H = this.height;
      path.setAttribute("d", `M${a},0 v5 C${a},${H * 0.6} ${b},${H * 0.4} ${b},${H - 5} v5`);
      path.setAttribute("stroke-width", Math.max(0.75, width).toFixed(2));
      const online = shown[slot] === own ? " online" : "";
      path.setAttribute("class", `flow ${run.a.shares ? (parts[slot] < 0 ? "against" : "along") : `mixed${online}`}`);
    });
  }
}
