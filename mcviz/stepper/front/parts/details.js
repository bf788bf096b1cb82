/* One memory in large, beside the rest. */

import { el, show, write } from "../drawing/dom.js";
import { cell, entry, largest, largestOf, ownScale, Picture } from "../drawing/picture.js";
import { count, exact, format, symbol, term } from "../drawing/text.js";
import { cellOf, factor, spotOf, valueOf } from "./explaining.js";

const SIDES = ["before", "after"];

/** The inspected memory in large, and what this token wrote. */
export class Details {
  static explains = { state: explainState, change: explainState, checkpoint: explainCheckpoint, loss: explainLoss };

  constructor(view) {
    this.view = view;
    const { run } = view;
    this.title = term("memory");
    this.note = el("p", { class: "note" });
    this.states = run.pictures.map((p) => new Picture(`Memory, ${p.name}`));
    this.changes = run.pictures.map((p) => new Picture(`Change by this write, ${p.name}`));
    this.left = el("figure", {}, el("figcaption", {}, "the memory"), ...this.states.map((p) => p.node));
    const written = symbol(run.written || "change");
    this.right = el(
      "figure",
      { class: "write" },
      el("figcaption", {}, "just written ", written),
      ...this.changes.map((p) => p.node),
    );
    this.darkest = run.pictures.map(() => el("span", {}));
    this.scale = el(
      "p",
      { class: "note" },
      "full colour: ",
      ...run.pictures.flatMap((p, n) => [run.pictures.length > 1 ? ` ${p.name} ` : "", this.darkest[n]]),
    );
    this.rows = {
      asks: run.connector === "q" ? new Strip("q_t", "query", "Query") : new Strip("u_t", "connector", "Connector"),
      context: new Strip("c^(i)", "context", "Context of the memory"),
      key: new Strip("k_t", "key", "Key"),
      value: new Strip("v_t", "value", "Value"),
    };
    this.loss = el("p", { class: "loss" });
    this.spent = term("reads");
    this.counts = el("p", { class: "note counts" }, this.spent);
    this.node = el(
      "div",
      { class: "details", role: "group", "aria-label": "Memory in detail" },
      el("h2", {}, this.title),
      this.note,
      el("div", { class: "pair" }, this.left, this.right),
      this.scale,
      el("dl", { class: "vectors" }, ...Object.values(this.rows).flatMap((strip) => strip.nodes)),
      this.loss,
      this.counts,
    );
  }

  resize({ side }) {
    this.width = side;
  }

  paint(run, { t, h, i }) {
    const own = run.own[t];
    const inspected = i < 0 || i > own ? own : i;
    const online = inspected === own;
    this.paintTitle(run, t, inspected);
    this.paintPictures(run, t, h, inspected);
    this.paintVectors(run, t, h, inspected);
    show(this.loss, Boolean(run.a.losses) && online);
    if (run.a.losses && online) this.paintLoss(run, t, h);
    const spent = (name, noun) => count(run.a[`counts.${name}`].at(t), noun);
    write(
      this.spent,
      `this token: ${spent("reads", "read")}, ${spent("flops", "operation")}, ` +
        `${spent("bytes", "byte")} fetched; ${spent("cached", "byte")} cached (all heads)`,
    );
  }

  paintTitle(run, t, i) {
    const online = i === run.own[t];
    const [start, stop] = run.segments[i];
    this.title.dataset.term = online ? run.onlineTerm : "checkpoint";
    write(this.title, run.titleOf(t, i));
    if (!online) return write(this.note, `where segment ${i} ended, tokens ${start}–${stop - 1}`);
    const missing = this.view.live
      ? "Its state comes when you rest"
      : "A run of this size does not carry all online states along";
    return write(
      this.note,
      `after ${count(t - start + 1, "write")} of ${stop - start}${run.knows(t) ? "" : `. ${missing}`}`,
    );
  }

  paintPictures(run, t, h, i) {
    const { colours } = this.view;
    const online = i === run.own[t];
    const shown = !online || run.knows(t);
    const width = online ? Math.min(190, (this.width - 12) / 2) : Math.min(260, this.width);
    run.pictures.forEach((picture, n) => {
      const height = Math.max(14, Math.min(width, (width * picture.rows) / picture.columns));
      const state = online ? run.grid("states", picture, t, h) : run.grid("checkpoints", picture, i, h);
      const change = online ? run.grid("changes", picture, t, h) : null;
      show(this.states[n].node, Boolean(state));
      show(this.changes[n].node, Boolean(change));
      if (state) {
        const pick = online ? { kind: "state", n } : { kind: "checkpoint", n, i };
        this.states[n].grid(ownScale(state), width, height, colours, cell(state, picture.name, pick));
      }
      if (change) {
        const says = cell(change, `change of ${picture.name}`, { kind: "change", n });
        this.changes[n].grid(ownScale(change), width, height, colours, says);
      }
      write(
        this.darkest[n],
        [state, change]
          .filter(Boolean)
          .map((grid) => `±${format(largest(grid))}`)
          .join(" · "),
      );
    });
    show(this.right, online && shown);
    show(this.left, shown);
    show(this.scale, shown);
  }

  paintVectors(run, t, h, i) {
    const online = i === run.own[t];
    const { asks, context, key, value } = this.rows;
    const paint = (strip, vector, name, scale) =>
      strip.picture.bars(vector, this.width - 40, 24, scale, this.view.colours, entry(vector, name));
    asks.show(run.compares);
    context.show(run.compares && !run.token_gate);
    if (run.compares) {
      const [a, c] = [run.vector(run.connector, t, h), run.context(t, h, i)];
      paint(asks, a, run.connector, largestOf(a));
      paint(context, c, "c", largestOf(c));
    }
    for (const [name, strip] of [
      ["k", key],
      ["v", value],
    ]) {
      strip.show(online);
      if (!online) continue;
      const vector = run.vector(name, t, h);
      paint(strip, vector, name, vector.numbers.extent(h * vector.count, vector.count, run.H * vector.count));
    }
  }

  paintLoss(run, t, h) {
    const [before, after] = SIDES.map((side, n) => {
      const loss = lossOf(run, t, h, n);
      const node = el("button", { type: "button", class: "number", "data-number": `loss-${side}` }, format(loss));
      node.hint = () => `inner loss ${side} the write = ${exact(loss)}`;
      node.pick = () => ({ kind: "loss" });
      return node;
    });
    this.loss.replaceChildren(term("inner loss", "inner loss"), " on this pair ", before, " → ", after);
  }
}

/** A vector as bars, beside its symbol. */
class Strip {
  constructor(name, what, label) {
    this.picture = new Picture(label);
    this.nodes = [el("dt", {}, term(what, symbol(name))), el("dd", {}, this.picture.node)];
  }

  show(visible) {
    for (const node of this.nodes) show(node, visible);
  }
}

/** The inner loss before (0) and after (1) a token's write. */
function lossOf(run, t, h, side) {
  return run.a.losses.at((t * run.H + h) * 2 + side);
}

function explainLoss(run, { t, h }) {
  const [before, after] = SIDES.map((_, n) => format(lossOf(run, t, h, n)));
  return { key: "loss", lines: [`before the write: ${before}`, `after it: ${after}`] };
}

function explainCheckpoint(run, { h }, { n, i, r, c }) {
  const picture = run.pictures[n];
  const m = format(cellOf(run.grid("checkpoints", picture, i, h), r, c));
  return {
    key: "state",
    lines: [`${picture.name}^(${i})${spotOf(picture, r, c)} = ${m}, after the last write of its segment`],
  };
}

function explainState(run, { t, h }, { n, r, c }) {
  if (!run.knows(t)) return { key: "state", lines: ["This online state is not at hand."] };
  const picture = run.pictures[n];
  const here = (group) => format(cellOf(run.grid(group, picture, t, h), r, c));
  const lines = [
    `${picture.name}_t${spotOf(picture, r, c)} = ${here("states")}`,
    `changed by this write: ${here("changes")}`,
  ];
  if (run.written === "v_t k_t^T") {
    lines[1] += ` = ${factor(valueOf(run.vector("v", t, h), r))}·${factor(valueOf(run.vector("k", t, h), c))}`;
  }
  return { key: "state", lines };
}
