/* The gates of all memories, where there are more of them than cards. */

import { bin, fit } from "../../drawing/canvas.js";
import { drag, el, show, write } from "../../drawing/dom.js";
import { reason } from "./chosen.js";

export class Rail {
  constructor(view) {
    this.view = view;
    const { run } = view;
    this.all = el("canvas", { class: "all", role: "img", "aria-label": "Gates of all memories" });
    this.node = el("div", { class: "rail" }, this.all);
    this.more = el("span", { class: "more" });
    drag(this.node, (x, w) => view.go({ segment: bin(x, w, run.N) }));
  }

  resize(width, slots) {
    this.width = width;
    this.needed = slots < this.view.run.N;
    show(this.node, this.needed);
    show(this.more, this.needed);
  }

  paint(run, at, shown) {
    if (!this.needed) return;
    const { t, h, i: inspected } = at;
    const { colours } = this.view;
    const context = fit(this.all, this.width, 36);
    const step = this.width / run.N;
    const own = run.own[t];
    for (let i = 0; i < run.N; i++) {
      const carded = shown.includes(i);
      context.fillStyle = i > own ? colours.band : carded ? colours.css.gate : colours.line;
      context.fillRect(i * step, 33, Math.max(1, step - 1), carded ? 3 : 2);
      if (i > own) continue;
      const height = Math.max(1, Math.min(1, run.weight(t, h, i)) * 30);
      context.fillStyle = i === own ? colours.css.online : colours.css.gate;
      if (run.isRead(t, h, i)) context.fillRect(i * step, 32 - height, Math.max(1.5, step - 1), height);
      if (i === inspected) {
        context.fillStyle = colours.css.fg;
        context.fillRect(i * step, 0, Math.max(1, step - 1), 2);
      }
    }
    write(this.more, reason(run, at, shown));
  }
}
