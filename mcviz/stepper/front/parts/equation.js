/* Where a number comes from. */

import { el, show, write } from "../drawing/dom.js";
import { math } from "../drawing/text.js";

/** The equation behind the number that was picked, with its values filled in. */
export class Equation {
  constructor(view) {
    this.view = view;
    this.formula = el("p", { class: "formula" });
    this.filled = el("div", { class: "filled" });
    this.source = el("p", { class: "origin" });
    this.node = el(
      "div",
      { class: "equation", role: "group", "aria-label": "Equation" },
      el("h2", {}, "Where a number comes from"),
      this.formula,
      this.filled,
      this.source,
    );
  }

  paint(run, at) {
    const { key, lines } = this.view.explain(at);
    const known = run.equations[key];
    show(this.formula, Boolean(known));
    if (known) {
      this.formula.replaceChildren(...math(known.formula), " ");
      if (known.number) this.formula.append(el("span", { class: "tag" }, `Eq. ${known.number}`));
    }
    write(this.source, known?.source ?? "");
    this.filled.replaceChildren(...lines.map((line) => el("p", {}, ...math(line))));
  }
}
