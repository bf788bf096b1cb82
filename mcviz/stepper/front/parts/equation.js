/* Where a number comes from. */

import { el, place, show, write, zoomOf } from "../drawing/dom.js";
import { math } from "../drawing/text.js";

const BELOW = 6;

/** The equation behind the number that was picked, with its values filled in: beside the run, or at the number. */
export class Equation {
  constructor(view) {
    this.view = view;
    this.formula = el("p", { class: "formula" });
    this.filled = el("div", { class: "filled" });
    this.source = el("p", { class: "origin" });
    this.close = el(
      "button",
      { type: "button", class: "close", "aria-label": "Close", onclick: () => view.dismiss() },
      "×",
    );
    this.node = el(
      "div",
      { class: "equation", role: "group", "aria-label": "Equation" },
      this.close,
      el("h2", {}, "Where a number comes from"),
      this.formula,
      this.filled,
      this.source,
    );
  }

  paint(run, at) {
    const { floats, anchor } = this.view;
    show(this.node, !floats || Boolean(anchor));
    if (floats && !anchor) return;
    const { key, lines } = this.view.explain(at);
    const known = run.equations[key];
    show(this.formula, Boolean(known));
    if (known) {
      this.formula.replaceChildren(...math(known.formula), " ");
      if (known.number) this.formula.append(el("span", { class: "tag" }, `Eq. ${known.number}`));
    }
    write(this.source, known?.source ?? "");
    this.filled.replaceChildren(...lines.map((line) => el("p", {}, ...math(line))));
    this.node.classList.toggle("floating", floats);
    show(this.close, floats);
    if (floats) this.moveTo(anchor);
    else place(this.node, { left: "", top: "" });
  }

  /** Stand under the number, or above it where the window ends. */
  moveTo(anchor) {
    const { root } = this.view.stepper;
    const zoom = zoomOf(root);
    const [home, box] = [root, anchor].map((node) => node.getBoundingClientRect());
    const [width, height] = [this.node.offsetWidth, this.node.offsetHeight];
    const left = Math.max(0, Math.min((box.left - home.left) / zoom, home.width / zoom - width));
    const below = (box.bottom - home.top) / zoom + BELOW;
    const fits = below + height <= (innerHeight - home.top) / zoom;
    const top = fits ? below : Math.max(-home.top / zoom, (box.top - home.top) / zoom - height - BELOW);
    place(this.node, { left: `${left.toFixed(0)}px`, top: `${top.toFixed(0)}px` });
  }
}
