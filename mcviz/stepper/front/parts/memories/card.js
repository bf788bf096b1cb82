/* The card of one memory: its name, its frame, its score and its gate. */

import { el, place, show, write } from "../../drawing/dom.js";
import { exact, format, percent, portion, visible } from "../../drawing/text.js";

const bar = (kind) => el("i", { class: `bar ${kind}` });
const number = (kind) => el("button", { type: "button", class: `number ${kind}`, "data-number": kind });

/** A card is kept in its place, and shows now this memory, now that one. */
export class Card {
  constructor(view) {
    this.view = view;
    this.i = 0;
    this.title = el("span", { class: "title" });
    this.span = el("span", { class: "span" });
    this.name = el("button", { type: "button", class: "name" }, this.title, this.span);
    this.frame = el("div", { class: "frame" });
    this.zero = el("i", { class: "zero" });
    this.scoreBar = bar("score");
    this.exchanged = el("span", { class: "exchanged", hidden: true });
    this.scoreChart = el("div", { class: "chart score" }, this.zero, this.scoreBar, this.exchanged);
    this.score = number("score");
    this.gateBar = bar("gate");
    this.gateWas = el("i", { class: "was", hidden: true });
    this.gateChart = el("div", { class: "chart gate" }, el("i", { class: "well" }), this.gateBar, this.gateWas);
    this.gate = number("weight");
    this.said = el("div", { class: "said" });
    this.word = el("b", { class: "word" });
    this.chance = number("alone");
    this.share = number("share");
    this.more = el("button", { type: "button", class: "operate more", onclick: () => view.surgery.open(this.i) }, "⋯");
    this.away = el("button", { type: "button", class: "operate", onclick: () => view.surgery.toggle(this.i) });
    this.node = el(
      "div",
      { class: "card", role: "group" },
      this.name,
      this.frame,
      this.scoreChart,
      this.score,
      this.gateChart,
      this.gate,
      this.said,
      this.word,
      this.chance,
      this.share,
      this.more,
      this.away,
    );
    this.name.addEventListener("click", () => view.go({ segment: this.i }));
    this.score.hint = () => this.hint("relevance of", "score");
    this.gate.hint = () => this.hint("gate on", "weight");
    this.share.hint = () => this.hint("share of the output from", "share");
    this.word.hint = this.chance.hint = () => {
      const said = view.run.alone(view.at.t, this.i);
      return (
        said &&
        `from ${view.run.memoryName(view.at.t, this.i)} alone: ${visible(said.word)}, ${exact(said.probability)}`
      );
    };
    for (const each of [this.score, this.gate, this.chance, this.share]) {
      each.pick = () => ({ kind: each.dataset.number, i: this.i });
    }
  }

  hint(what, kind) {
    const { run, at } = this.view;
    return `${what} ${run.memoryName(at.t, this.i)} = ${exact(run[kind](at.t, at.h, this.i))}`;
  }

  resize(used, { width, frame, operate, caption, charts }) {
    const { rows, run } = this.view;
    this.width = width;
    show(this.node, used);
    place(this.node, { width: `${width}px` });
    place(this.frame, { height: `${frame}px`, marginBottom: `${operate + 8}px` });
    for (const each of [this.more, this.away]) place(each, { marginTop: operate ? `${frame + 4}px` : "" });
    place(this.scoreChart, { height: `${charts.score}px` });
    place(this.gateChart, { height: `${charts.gate}px` });
    place(this.said, { height: `${charts.said}px` });
    for (const row of [this.scoreChart, this.gateChart, this.said, this.word, this.share]) {
      place(row, { marginTop: `${caption}px` });
    }
    const nodes = {
      score: [this.scoreChart, this.score],
      said: [this.said],
      word: [this.word, this.chance],
      share: [this.share],
    };
    for (const [name, row] of Object.entries(nodes)) {
      for (const node of row) {
        show(node, rows[name]);
        node.classList.toggle("void", !run.rows[name]);
      }
    }
  }

  /** Show memory i; `scale` says where the bars end. */
  paint(run, { t, h, i: inspected }, i, scale) {
    const own = run.own[t];
    const reachable = i <= own;
    this.i = i;
    this.read = reachable && run.isRead(t, h, i);
    this.kind = i === own ? "online" : this.read ? "read" : reachable ? "idle" : "later";
    const answer = run.source(t) >= 0 && i === run.own[run.source(t)];
    const [score, weight] = reachable ? [run.score(t, h, i), run.weight(t, h, i)] : [0, 0];
    const state = `card ${this.kind}${answer ? " source" : ""}${i === (inspected < 0 ? own : inspected) ? " inspected" : ""}`;
    if (this.state !== state) this.node.className = this.state = state;
    if (this.node.dataset.segment !== String(i)) this.node.dataset.segment = i;
    const [start, stop] = run.segments[i];
    this.title.dataset.term = i === own ? run.onlineTerm : reachable ? "checkpoint" : "segment";
    write(this.title, `${answer ? "★ " : ""}${i === own ? run.onlineTerm.split(" ")[0] : i}`);
    write(this.span, this.width < 52 ? `${start}` : `${start}–${i === own ? t : stop - 1}`);
    const said = reachable ? run.alone(t, i) : null;
    for (const each of [this.score, this.gate, this.share]) each.disabled = !reachable;
    this.chance.disabled = !said;
    write(this.share, reachable ? (this.read ? percent(run.share(t, h, i)) : "–") : "");
    write(this.word, said ? visible(said.word) : "");
    write(this.chance, said ? portion(said.probability) : "");
    this.word.classList.toggle("truth", Boolean(said) && said.word === run.target(t));
    write(this.score, reachable ? format(score) : "");
    write(this.gate, this.read ? portion(weight) : reachable ? "–" : "");
    this.paintBars(score, weight, scale);
    this.paintWas(reachable ? this.view.earlier?.weight(t, h, i) : undefined, scale);
    this.paintExchanged(run.weighedAs(t, i), i);
    this.paintSurgery(i, own);
    this.paintLabel(i);
  }

  paintSurgery(i, own) {
    const can = i < own && this.view.surgery.can(i);
    const off = can && this.view.surgery.isOff(i);
    for (const each of [this.more, this.away]) show(each, can);
    this.node.classList.toggle("off", off && this.view.last);
    if (!can) return;
    write(this.away, off ? "↺" : "✕");
    this.away.setAttribute("aria-label", off ? `Restore checkpoint ${i}` : `Switch checkpoint ${i} off`);
    this.more.setAttribute("aria-label", `Operate on checkpoint ${i}`);
  }

  /** Say whose relevance this is, where it is another's. */
  paintExchanged(as, i) {
    show(this.exchanged, as !== i);
    write(this.exchanged, as === i ? "" : `⇄ ${as}’s`);
  }

  paintBars(score, weight, { unit, zero, most, gate }) {
    if (this.view.run.compares) {
      const size = Math.min(most, Math.abs(score) * unit) || 0;
      place(this.scoreBar, { height: `${size.toFixed(1)}px`, top: `${(score < 0 ? zero : zero - size).toFixed(1)}px` });
      place(this.zero, { top: `${zero.toFixed(1)}px` });
    }
    place(this.gateBar, { height: `${(Math.min(1, weight) * gate).toFixed(1)}px` });
  }

  /** Where the gate stood in the frame before. */
  paintWas(weight, { gate }) {
    show(this.gateWas, weight > 0);
    if (weight > 0) place(this.gateWas, { bottom: `${(Math.min(1, weight) * gate).toFixed(1)}px` });
  }

  paintLabel(i) {
    const label =
      this.kind === "later"
        ? `Segment ${i}, not written yet`
        : `${this.view.run.titleOf(this.view.at.t, i)}, ${this.read ? "" : "not "}read`;
    if (this.label === label) return;
    this.label = label;
    this.node.setAttribute("aria-label", label);
    this.name.setAttribute("aria-label", `${this.title.textContent} ${this.span.textContent}: inspect. ${label}`);
  }
}
