/* The tokens of a run. */

import { bin, fit } from "../drawing/canvas.js";
import { drag, el, place, show, svg, write } from "../drawing/dom.js";
import { letters, term, visible } from "../drawing/text.js";

/** The token strip: a window of labels with their segments, and the whole sequence below. */
export class Tokens {
  constructor(view) {
    this.view = view;
    this.first = 0;
    this.strip = el("div", { class: "strip", role: "group", "aria-label": "Tokens" });
    this.bands = el("div", { class: "bands", "aria-hidden": "true" });
    this.arcs = svg("svg", { class: "arcs", "aria-hidden": "true" });
    this.arc = svg("path", { class: "arc" });
    this.arcs.append(this.arc);
    this.overview = el("canvas", { class: "overview", role: "img", "aria-label": "The whole sequence by segments" });
    this.lens = el("div", { class: "lens" });
    this.bar = el("div", { class: "scrub" }, this.overview, this.lens);
    this.away = el("button", { type: "button", class: "away", onclick: () => this.jump() });
    this.write = el(
      "button",
      { type: "button", class: "write-here", title: "Write another word here (w)", onclick: () => view.write() },
      "✎ edit",
    );
    this.node = el(
      "div",
      { class: "tokens", role: "group", "aria-label": "Token strip" },
      el("div", { class: "legend" }, term("token", el("b", {}, "tokens")), this.away, this.write),
      el("div", { class: "stage" }, this.arcs, this.strip, this.bands, this.bar),
    );
    this.chips = [];
    this.marks = [];
    drag(this.bar, (x, w) => view.go({ step: bin(x, w, view.run.T) }));
  }

  jump() {
    const source = this.view.run.source(this.view.at.t);
    if (source >= 0) this.view.go({ step: source });
  }

  resize({ stage }) {
    const { run } = this.view;
    const longest = run.tokens.length
      ? Math.min(6, Math.max(...run.tokens.slice(0, 512).map((x) => letters(x.slice(0, 64)).length)))
      : 4;
    this.size = Math.max(26, 11 + 7 * longest);
    this.width = stage;
    this.shown = Math.min(run.T, Math.max(3, Math.floor(stage / this.size)));
    this.size = Math.min(72, stage / this.shown);
    while (this.chips.length < this.shown) {
      const chip = el("button", {
        type: "button",
        class: "chip",
        tabindex: "-1",
        onclick: () =>
          this.view.edit && chip.t === this.view.at.t ? this.view.write() : this.view.go({ step: chip.t }),
      });
      chip.hint = () => this.hint(chip.t);
      this.chips.push(chip);
      this.strip.append(chip);
    }
    this.chips.forEach((chip, i) => {
      show(chip, i < this.shown);
      place(chip, { width: `${this.size - 3}px` });
    });
    this.arcs.setAttribute("width", stage);
    this.first = -1;
    this.bookmarks = null;
  }

  hint(t) {
    const { run } = this.view;
    return (
      `token ${t}: ${visible(run.label(t))}` +
      (run.one ? "" : `  ·  segment ${run.own[t]}`) +
      (run.source(t) >= 0 ? `  ·  asks for what stands at token ${run.source(t)}` : "") +
      (this.view.edit ? `  ·  ${t === this.view.at.t ? "click" : "go there and click again"} to edit it` : "")
    );
  }

  drawOverview() {
    const { run, colours } = this.view;
    const context = fit(this.overview, this.width, 12);
    const x = (t) => (t / run.T) * this.width;
    run.segments.forEach(([start, stop], s) => {
      context.fillStyle = s % 2 ? colours.band : colours.line;
      context.fillRect(x(start), 0, Math.max(1, x(stop) - x(start) - (this.width / run.N > 4 ? 1 : 0)), 12);
    });
    for (let t = 0; t < run.T; t++) {
      if (!run.asks(t)) continue;
      const wrong = run.isWrong(t);
      context.fillStyle = colours.css[wrong ? "wrong" : run.target(t) ? "truth" : "muted"];
      context.fillRect(x(t), wrong ? 0 : 6, Math.max(1, this.width / run.T), wrong ? 12 : 6);
    }
    context.fillStyle = colours.css.fg;
    for (const t of this.view.bookmarks) context.fillRect(x(t + 0.5) - 1, 0, 2, 12);
  }

  paint(run, { t }) {
    const bookmarks = [...this.view.bookmarks].join();
    if (bookmarks !== this.bookmarks) {
      this.bookmarks = bookmarks;
      this.drawOverview();
    }
    const margin = Math.min(3, Math.floor(this.shown / 3));
    let first = Math.max(0, this.first);
    if (t < first + margin) first = t - margin;
    if (t >= first + this.shown - margin) first = t - this.shown + margin + 1;
    first = Math.max(0, Math.min(run.T - this.shown, first));
    if (first !== this.first) this.scroll(first);
    const source = run.source(t);
    const { edit } = this.view;
    show(this.write, Boolean(edit));
    for (let i = 0; i < this.shown; i++) {
      const chip = this.chips[i];
      const here = chip.t === t;
      chip.classList.toggle("edited", Boolean(edit?.touched.includes(chip.t)));
      chip.classList.toggle("now", here);
      chip.classList.toggle("source", chip.t === source);
      chip.classList.toggle("later", chip.t > t);
      if (here) chip.setAttribute("aria-current", "step");
      else chip.removeAttribute("aria-current");
    }
    const inside = source >= first && source < first + this.shown;
    show(this.away, source >= 0);
    if (source >= 0) write(this.away, inside ? `★ token ${source}` : `${source < t ? "←" : "→"} ★ token ${source}`);
    this.arcs.toggleAttribute("hidden", !inside || source === t);
    if (inside && source !== t) {
      const [a, b] = [(source - first + 0.5) * this.size, (t - first + 0.5) * this.size];
      const rise = Math.min(15, 6 + Math.abs(b - a) / 40);
      this.arc.setAttribute("d", `M${a},17 C${a},${17 - rise * 1.3} ${b},${17 - rise * 1.3} ${b},17`);
    }
    const x = (u) => (u / run.T) * this.width;
    place(this.lens, { transform: `translateX(${x(t).toFixed(1)}px)`, width: `${Math.max(3, this.width / run.T)}px` });
  }

  scroll(first) {
    const { run } = this.view;
    this.first = first;
    const last = first + this.shown;
    for (let i = 0; i < this.shown; i++) {
      const [chip, t] = [this.chips[i], first + i];
      chip.t = t;
      write(chip, visible(run.label(t)));
      const is = {
        begins: run.segments[run.own[t]][0] === t,
        odd: run.own[t] % 2 === 1,
        asks: run.asks(t),
        judged: Boolean(run.target(t)),
        failed: run.isWrong(t),
      };
      for (const name in is) chip.classList.toggle(name, is[name]);
    }
    const [from, to] = [run.own[first], run.own[last - 1]];
    while (this.marks.length < to - from + 1) this.bands.append(this.marks[this.marks.push(el("span", {})) - 1]);
    this.marks.forEach((mark, i) => {
      show(mark, i <= to - from && !run.one);
      if (i > to - from) return;
      const [start, stop] = run.segments[from + i];
      const [a, b] = [Math.max(start, first), Math.min(stop, last)];
      place(mark, { left: `${(a - first) * this.size}px`, width: `${(b - a) * this.size - 3}px` });
      write(mark, (b - a) * this.size > 70 ? `segment ${from + i}` : (b - a) * this.size > 18 ? String(from + i) : "");
    });
  }
}
