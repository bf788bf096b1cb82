/* Changes of the sequence that the reader asks for, each as mcviz/changes.py writes it: `3=fox 3+fox 3- 3>7`. */

import { el, show, write } from "../drawing/dom.js";

/** Where the token that was token p stands after a change: {at, sign, to}. */
function stood(p, { at, sign, to }) {
  if (sign === "+") return p >= at ? p + 1 : p;
  if (sign === "-") return p > at ? p - 1 : p;
  if (sign !== ">") return p;
  if (p === at) return to;
  return p - (at < p && p <= to) + (to <= p && p < at);
}

/** What was changed so far and how to take it back; and how each change is asked for. */
export class Editing {
  constructor(stepper) {
    this.stepper = stepper;
    this.made = 0;
    this.last = null;
    this.says = el("span", {});
    this.said = el("span", { class: "told" });
    const undo = el("button", { type: "button", onclick: () => this.undo() }, "Undo (u)");
    const clear = el("button", { type: "button", onclick: () => this.keep(() => 0) }, "Clear edits");
    this.node = el("p", { class: "changes", "aria-live": "polite" }, this.says, " ", undo, clear, this.said);
  }

  /** What the host offers: {vocabulary, changes, touched, said}, or undefined where a sequence is what it is. */
  get offer() {
    return this.stepper.asking.offers.edit;
  }

  /** Change the token where the reader stands: `sign` and `rest` as in the words above, `by` places further on. */
  change(sign, rest = "", by = 0) {
    const [before, stands] = [this.made, this.stepper.state.step];
    let change = null;
    const make = () => {
      // a change that was under way meanwhile may have moved the token
      const from = this.made === before ? stands : stood(stands, this.last);
      const to = sign === ">" ? from + by : 0;
      if (to < 0 || to >= this.stepper.T) return null;
      change = { at: sign === "+" ? from + by : from, sign, to, from };
      return { edit: { change: `${change.at}${sign}${sign === ">" ? to : rest}` } };
    };
    this.stepper.asking.ask(make, (fulfilled) => {
      if (!fulfilled) return;
      this.made += 1;
      this.last = change;
      if (this.stepper.state.step === change.from) this.stepper.go({ step: sign === ">" ? change.to : change.at });
    });
  }

  /** Keep the first so many changes, of so many. */
  keep(count) {
    this.stepper.asking.ask(() => {
      const made = this.offer?.changes.length ?? 0;
      return made ? { edit: { keep: Math.max(0, count(made)) } } : null;
    });
  }

  undo() {
    this.keep((made) => made - 1);
  }

  paint() {
    const changes = this.offer?.changes ?? [];
    show(this.node, changes.length > 0);
    const last = changes.at(-1) ?? "";
    write(this.said, this.offer?.said ?? "");
    write(this.says, changes.length > 1 ? `${changes.length} edits; the last: ${last}.` : `1 edit: ${last}.`);
  }
}
