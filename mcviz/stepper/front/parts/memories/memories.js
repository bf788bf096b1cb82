/* The row of memories, and the layout that its pieces share. */

import { drawBars, fit } from "../../drawing/canvas.js";
import { el, place, show } from "../../drawing/dom.js";
import { cell, entry } from "../../drawing/picture.js";
import { symbol, term } from "../../drawing/text.js";
import { outputBox } from "../output.js";
import { Card } from "./card.js";
import { choose } from "./chosen.js";
import { EXPLAINED } from "./explained.js";
import { Flows } from "./flows.js";
import { Heatmaps } from "./heatmaps.js";
import { Rail } from "./rail.js";

const NAME = 32;
const NUMBER = 18;
const WORD = 32;
/** What can be done to a memory stands in its picture's corners, and on a telephone below it. */
const OPERATE = 26;
/** How high charts are, and the gates of all memories where there are more than cards: less in a low window. */
const CHARTS = {
  tall: { score: 26, gate: 30, said: 32, rail: 44 },
  low: { score: 20, gate: 24, said: 24, rail: 40 },
  short: { score: 14, gate: 18, said: 18, rail: 40 },
};
/** How high pictures and flows are; they grow with a window higher than all needs, and flows shrink with a lower one. */
const LEAST = { picture: 34, flow: 40 };
const AROUND = { tall: 745, low: 768, short: 850 };
/** How wide a card is at least, and where all memories have one then. */
const WIDE = 52;
const TIGHT = 38;

/** The row of memories: pictures, scores, gates, what each said, and the flows into the output. */
export class Memories {
  static explains = EXPLAINED;

  constructor(view) {
    this.view = view;
    const { run } = view;
    this.layer = el("canvas", {
      class: "layer",
      role: "img",
      "aria-label": "Memories as heat maps, and what each said",
    });
    this.layer.hint = (x, y) => this.find(x, y)?.text;
    this.layer.pick = (x, y) => this.find(x, y)?.pick;
    this.heatmaps = new Heatmaps(view);
    this.rail = new Rail(view);
    this.flows = new Flows();
    this.row = el("div", { class: "cards" });
    this.cards = [];
    this.legend = {
      name: el("div", {}, term("memory", el("b", {}, "memories")), this.rail.more),
      score: el("div", {}, term("relevance", el("b", {}, "relevance "), symbol("r_t^(i)"))),
      gate: el("div", {}, term("gate", el("b", {}, "gate "), symbol("γ_t^(i)"))),
      said: el("div", {}, term("read", el("b", {}, "it says "), symbol("M^(i)(q_t)"))),
      word: el("div", {}, term("alone", el("b", {}, "in words"), el("span", { class: "more" }, "read alone"))),
      share: el("div", {}, term("contribution", el("b", {}, "adds"), " to ", symbol("y_t"))),
    };
    if (run.aggregator === "residual") this.legend.gate.append(el("span", { class: "more" }, "each counts fully"));
    this.stage = el("div", { class: "stage" }, this.rail.node, this.layer, this.row, this.flows.node);
    this.node = el(
      "div",
      { class: "memories", role: "group", "aria-label": "Memories" },
      el("div", { class: "labels" }, ...Object.values(this.legend)),
      this.stage,
    );
    for (const [name, has] of Object.entries(run.rows)) show(this.legend[name], has);
  }

  resize(room) {
    this.layout = this.layOut(room);
    this.target = outputBox(this.view.run, room).centre;
    const { width, height, flow, gap, left, size, slots, picture, operate, caption, charts, y } = this.layout;
    place(this.stage, { height: `${height + flow}px` });
    place(this.row, { gap: `${gap}px`, left: `${left}px`, top: `${y.name}px` });
    for (const [name, node] of Object.entries(this.legend)) {
      if (y[name] !== undefined)
        place(node, { top: `${room.narrow ? y[name] - (name === "name" ? 17 : 15) : y[name]}px` });
    }
    while (this.cards.length < slots) {
      const card = new Card(this.view);
      this.cards.push(card);
      this.row.append(card.node);
    }
    const look = { width: size, frame: picture, operate, caption, charts };
    this.cards.forEach((card, slot) => card.resize(slot < slots, look));
    this.rail.resize(width, slots);
    this.flows.resize(width, height, flow, slots);
    this.heatmaps.forget();
  }

  /** How many cards there is room for, and where their rows stand. */
  layOut({ stage: width, narrow, height, window }) {
    const { run, rows, stepper } = this.view;
    const { N } = stepper; // of two runs in step the one with more memories says where rows stand
    const gap = width / N > 70 ? 10 : 5;
    const charts = CHARTS[height];
    const wide = (slots) => Math.min(128, (width + gap) / slots - gap);
    const most = Math.max(2, Math.floor((width + gap) / ((wide(N) < TIGHT ? WIDE : TIGHT) + gap)));
    const [slots, all] = [Math.min(run.N, most), wide(Math.min(N, most))];
    const size = wide(slots);
    const left = (width - slots * (size + gap) + gap) / 2;
    const spare = window - AROUND[height];
    const flow = LEAST.flow + Math.max(-16, Math.min(24, 0.2 * spare));
    const picture = Math.max(LEAST.picture, Math.min(all, all * this.heatmaps.shape, LEAST.picture + 0.8 * spare));
    const caption = narrow ? 16 : 0;
    const y = {};
    let top = most < N ? charts.rail : 0;
    const stack = (name, h) => {
      y[name] = top + caption;
      top = y[name] + h;
    };
    stack("name", NAME);
    y.picture = top;
    const operate = narrow && this.view.surgery.offer ? OPERATE : 0;
    top += picture + operate + 8;
    if (rows.score) stack("score", charts.score + NUMBER);
    stack("gate", charts.gate + NUMBER);
    if (rows.said) stack("said", charts.said);
    if (rows.word) stack("word", WORD);
    if (rows.share) stack("share", NUMBER);
    return { width, height: top, flow, gap, left, size, slots, picture, operate, caption, charts, y };
  }

  paint(run, at) {
    const { width, height, left, size, gap, picture, y } = this.layout;
    const { colours } = this.view;
    const { t, h } = at;
    const own = run.own[t];
    this.shown = choose(run, at, this.layout.slots);
    const context = fit(this.layer, width, height);
    const scale = this.scoreScale(run, at);
    this.shown.forEach((i, slot) => {
      const card = this.cards[slot];
      const x = left + slot * (size + gap);
      card.paint(run, at, i, scale);
      if (i > own) return; // what is not written yet must not be seen
      context.globalAlpha = card.kind === "idle" ? 0.42 : 1;
      if (i === own) this.heatmaps.drawOnline(context, at, x, y.picture, size, picture);
      else this.heatmaps.drawCheckpoint(context, i, h, x, y.picture, size, picture);
      context.globalAlpha = 1;
      const said = card.read ? run.said(t, h, i) : null;
      if (said)
        drawBars(context, said, x, y.said + 2, size, this.layout.charts.said - 4, said.numbers.extent(), colours);
    });
    this.flows.paint(run, at, this.shown, (slot) => left + slot * (size + gap) + size / 2, this.target);
    this.rail.paint(run, at, this.shown);
  }

  /** Where zero stands in a chart of scores, and how high a score of 1 is. */
  scoreScale(run, { t, h }) {
    // A difference of 1 changes a gate by a factor of e, so a bar's scale never falls below that.
    let [high, low] = [0, 0];
    for (let i = 0; i <= run.own[t]; i++) {
      high = Math.max(high, run.score(t, h, i) || 0);
      low = Math.max(low, -run.score(t, h, i) || 0);
    }
    const { score, gate } = this.layout.charts;
    const unit = score / Math.max(1, high + low);
    return { unit, zero: score - low * unit, most: score, gate };
  }

  /** What the layer says at a place: a number of a picture, or of what a memory said. */
  find(x, y) {
    const { run, at } = this.view;
    const { left, size, gap, picture, charts, y: top } = this.layout;
    const slot = Math.floor((x - left + gap / 2) / (size + gap));
    const i = this.shown?.[slot];
    if (i === undefined || i > run.own[at.t]) return null;
    const inside = (x - left - slot * (size + gap)) / size;
    if (inside < 0 || inside >= 1) return null;
    const title = run.memoryName(at.t, i);
    if (y >= top.picture && y < top.picture + picture) {
      const found = this.heatmaps.find(at, i, inside, (y - top.picture) / picture);
      if (!found) return null;
      const { text } = cell(found.grid, `${found.grid.name} of ${title} `)(found.r, found.c);
      return { text, pick: { kind: "inspect", i } };
    }
    const said = run.rows.said ? run.said(at.t, at.h, i) : null;
    if (said && y >= top.said && y < top.said + charts.said) {
      return entry(said, `what ${title} says `, { kind: "read", i })(Math.floor(inside * run.V));
    }
    return null;
  }
}
