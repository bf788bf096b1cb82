/* What comes out at a token. */

import { el, place, show, write } from "../drawing/dom.js";
import { cell, entry, Picture } from "../drawing/picture.js";
import { clipped, exact, format, portion, symbol, term, visible } from "../drawing/text.js";
import { cellOf, factor, spotOf, sum, valueOf } from "./explaining.js";

/** How wide the output is, where its middle stands, and whether a prediction stands beside it. */
export function outputBox(run, { stage, narrow }) {
  const beside = Boolean(run.predictions) && !narrow;
  const width = Math.min(beside ? stage * 0.56 : stage, 560);
  return { width, beside, margin: beside ? stage * 0.02 : 0, centre: beside ? width / 2 + stage * 0.02 : stage / 2 };
}

/** The probability of the p-th likeliest token. */
function probability(run, t, p) {
  return run.a.probabilities.at(t * run.predictions.tokens[0].length + p);
}

/** Where the flows end: the mixture, and what a model made of it. */
export class Output {
  static explains = { output: explainOutput, mixed: explainMixed, probability: explainProbability };

  constructor(view) {
    this.view = view;
    const { run } = view;
    this.mixed = run.mixes ? run.pictures.map((p) => new Picture(`Mixed memory, ${p.name}`)) : [];
    this.bars = new Picture("Output of the layer");
    this.caption = el("div", { class: "caption" }, term("output", el("b", {}, "output "), symbol("y_t")));
    this.soup = el("div", { class: "soup" }, ...this.mixed.map((p) => p.node));
    const mixture = el("div", { class: "mixture" }, this.soup, this.bars.node, this.caption);
    this.list = el("ol", { class: "answers", "aria-label": "Prediction" });
    this.truth = el("div", { class: "target" });
    this.veil = el("button", { type: "button", class: "veil", onclick: () => view.reveal() }, "Show the answer");
    this.prediction = el(
      "div",
      { class: "prediction" },
      el("div", { class: "caption" }, term("prediction", el("b", {}, "prediction"), " of the next token")),
      this.list,
      this.veil,
      this.truth,
    );
    this.node = el("div", { class: "output", role: "group", "aria-label": "Output" }, mixture);
    if (run.predictions) this.node.append(this.prediction);
    show(this.soup, this.mixed.length > 0);
    this.rows = (run.predictions?.tokens[0] ?? []).map((_, p) => {
      const row = {
        label: el("span", { class: "label" }),
        bar: el("i", {}),
        number: el("button", { type: "button", class: "number", "data-number": "probability" }),
      };
      row.number.pick = () => ({ kind: "probability", p });
      row.number.hint = () => `probability of ${row.label.textContent} = ${exact(probability(view.run, view.at.t, p))}`;
      row.node = el("li", {}, row.label, el("span", { class: "track" }, row.bar), row.number);
      this.list.append(row.node);
      return row;
    });
  }

  resize(room) {
    const { width, beside, margin } = outputBox(this.view.run, room);
    this.width = width;
    place(this.node, { paddingLeft: beside ? `${margin}px` : "0" });
    this.node.classList.toggle("stacked", !beside);
  }

  paint(run, { t, h }) {
    this.paintMixture(run, t, h);
    if (run.predictions) this.paintPrediction(run, t);
  }

  paintMixture(run, t, h) {
    const { colours } = this.view;
    this.mixed.forEach((picture, n) => {
      const grid = run.grid("mixed", run.pictures[n], t, h);
      show(picture.node, Boolean(grid));
      if (!grid) return;
      const w = Math.min(180, this.width / this.mixed.length - 8);
      picture.grid(
        grid,
        w,
        Math.min(110, Math.max(20, (w * grid.rows) / grid.columns)),
        colours,
        cell(grid, `mixed ${grid.name}`, { kind: "mixed", n }),
      );
    });
    const vector = run.vector("output", t, h);
    this.bars.bars(vector, this.width, 48, vector.numbers.extent(), colours, entry(vector, "y", { kind: "output" }));
  }

  paintPrediction(run, t) {
    const [target, veiled] = [run.target(t), run.veils(t)];
    show(this.list, !veiled);
    show(this.veil, veiled);
    show(this.truth, !veiled && (Boolean(target) || run.asksSome));
    if (veiled) return;
    this.rows.forEach((row, p) => {
      const label = run.predictions.tokens[t][p];
      const chance = probability(run, t, p);
      write(row.label, visible(label));
      write(row.number, portion(chance));
      place(row.bar, { transform: `scaleX(${Math.max(0, chance) || 0})` });
      row.node.className = !target ? "" : label === target ? "right" : p === 0 ? "wrong" : "";
    });
    if (!target) {
      write(
        this.truth,
        run.asksAlways
          ? "The text ends here: there is no next token to compare this with."
          : "Nothing is asked here that has an answer. Training looks at such questions only, so this is no answer.",
      );
      return;
    }
    const right = run.predictions.tokens[t][0] === target;
    const chance = run.a.target_probabilities;
    this.truth.replaceChildren(
      el("span", { class: right ? "truth" : "wrong" }, right ? "✓ right" : "✗ wrong"),
      " · true answer ",
      el("b", {}, clipped(visible(target))),
      ...(chance ? [" with ", el("span", { class: "number", "data-number": "target" }, portion(chance.at(t)))] : []),
    );
  }
}

function explainOutput(run, { t, h }, { c }) {
  const y = format(valueOf(run.vector("output", t, h), c));
  if (run.mixes) return { key: "output", lines: [`y_t[${c}] = ${y}`] };
  const products = run.memoriesRead(t, h).map((j) => {
    const said = run.said(t, h, j);
    return said ? `${factor(run.weight(t, h, j))}·${factor(valueOf(said, c))}` : "…";
  });
  return { key: "output", lines: [`y_t[${c}] = ${sum(products)}`, `= ${y}`] };
}

function explainMixed(run, { t, h }, { n, r, c }) {
  const picture = run.pictures[n];
  const entryOf = (group, where) => cellOf(run.grid(group, picture, where, h), r, c);
  const products = run.memoriesRead(t, h).map((j) => {
    const m = j === run.own[t] ? entryOf("states", t) : entryOf("checkpoints", j);
    return `${factor(run.weight(t, h, j))}·${factor(m)}`;
  });
  const lines = [`${picture.name}*${spotOf(picture, r, c)} = ${sum(products)}`, `= ${format(entryOf("mixed", t))}`];
  return { key: "mixed", lines };
}

function explainProbability(run, { t }, { p }) {
  return {
    key: "",
    lines: [
      `p(${visible(run.predictions.tokens[t][p])}) = ${format(probability(run, t, p))}`,
      "a softmax over the scores that the model's head gives to every token",
    ],
  };
}
