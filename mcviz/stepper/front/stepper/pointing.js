/* Numbers under the pointer, or under the cursor of a picture with the focus. */

import { el, place, show, write } from "../drawing/dom.js";

/** Says what stands under the pointer, and has what is clicked explained (parts.js: what an element may answer). */
export class Pointing {
  constructor(stepper) {
    this.stepper = stepper;
    this.root = stepper.root;
    this.spot = null;
    this.tip = el("div", { class: "tip", role: "tooltip" });
  }

  listen(signal) {
    this.root.addEventListener("pointermove", (event) => this.point(event), { signal });
    this.root.addEventListener("pointerleave", () => this.tell(null), { signal });
    this.root.addEventListener("focusin", (event) => this.focus(event), { signal });
    this.root.addEventListener("focusout", () => this.tell(null), { signal });
    this.root.addEventListener("click", (event) => this.click(event), { signal });
  }

  /** The innermost element that answers, if any. */
  owner(event) {
    const node = event.composedPath().find((one) => one.hint || one.pick || one === this.root);
    return node === this.root ? null : node;
  }

  point(event) {
    const node = this.owner(event);
    if (!node || event.buttons) this.tell(null);
    else this.tell(node, ...within(node, event));
  }

  focus(event) {
    const node = this.owner(event);
    this.spot = null;
    if (node?.hint && !node.move && node.matches(":focus-visible")) this.tell(node, 0, node.clientHeight);
  }

  click(event) {
    const node = this.owner(event);
    if (node?.pick) this.explain(node, node.pick(...within(node, event)));
  }

  /** Move the cursor of a picture by so many cells. */
  move(picture, dr, dc) {
    this.spot = picture.move(dr, dc);
    if (this.spot) this.tell(picture, ...this.spot);
  }

  explainSpot(picture) {
    this.explain(picture, picture.pick(...this.spot));
  }

  tell(node, x = 0, y = 0) {
    const text = node?.hint?.(x, y);
    show(this.tip, Boolean(text));
    if (!text) return;
    write(this.tip, text);
    const [box, home] = [node.getBoundingClientRect(), this.root.getBoundingClientRect()];
    const left = Math.max(0, Math.min(box.left - home.left + x + 12, home.width - this.tip.offsetWidth - 4));
    place(this.tip, { transform: `translate(${left.toFixed(0)}px, ${(box.top - home.top + y + 14).toFixed(0)}px)` });
  }

  explain(node, pick) {
    const { stepper } = this;
    if (!pick) return;
    if (pick.kind === "inspect") {
      stepper.go({ segment: pick.i });
      return;
    }
    for (const view of stepper.views) {
      if (view.node.contains(node) || stepper.views.length === 1) view.picked = pick;
    }
    stepper.go({});
  }
}

/** Where in an element an event is. */
function within(node, event) {
  const box = node.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}
