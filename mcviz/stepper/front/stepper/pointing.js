/* Numbers and words under the pointer, under a resting finger, or under the focus. */

import { el, place, show, write, zoomOf } from "../drawing/dom.js";
import { math } from "../drawing/text.js";

const LONG = 450;

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
    this.root.addEventListener("pointerdown", (event) => this.rest(event), { signal });
    for (const end of ["pointerup", "pointercancel"]) {
      this.root.addEventListener(end, () => clearTimeout(this.resting), { signal });
    }
    this.root.addEventListener("contextmenu", (event) => this.pressed && event.preventDefault(), { signal });
    this.root.addEventListener("pointerleave", (event) => event.pointerType === "touch" || this.tell(null), { signal });
    this.root.addEventListener("focusin", (event) => this.focus(event), { signal });
    this.root.addEventListener("focusout", () => this.tell(null), { signal });
    this.root.addEventListener("click", (event) => this.click(event), { signal });
  }

  /** The innermost element that answers, if any. */
  owner(event) {
    const node = event.composedPath().find((one) => one.hint || one.pick || one.dataset?.term || one === this.root);
    return node === this.root ? null : node;
  }

  point(event) {
    if (event.pointerType === "touch") return;
    const node = this.owner(event);
    if (!node || event.buttons) this.tell(null);
    else this.tell(node, ...within(node, event));
  }

  /** A finger has no pointer to rest on a place: it stays where it is for a moment. */
  rest(event) {
    this.pressed = false;
    if (event.pointerType !== "touch") return;
    const node = this.owner(event);
    this.tell(null);
    clearTimeout(this.resting);
    if (!node) return;
    this.resting = setTimeout(() => {
      this.pressed = true;
      this.tell(node, ...within(node, event));
    }, LONG);
  }

  focus(event) {
    const node = this.owner(event);
    this.spot = null;
    if ((node?.hint || node?.dataset.term) && !node.move && node.matches(":focus-visible")) {
      this.tell(node, 0, node.clientHeight);
    }
  }

  click(event) {
    const node = this.owner(event);
    const pick = this.pressed ? null : node?.pick?.(...within(node, event));
    this.pressed = false;
    if (pick) {
      this.tell(null);
      this.explain(node, pick);
    } else if (!event.composedPath().some((one) => one.classList?.contains("equation"))) this.stepper.dismiss();
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
    const term = node && !text ? this.stepper.glossary?.[node.dataset.term] : null;
    show(this.tip, Boolean(text || term));
    if (text) write(this.tip, text);
    else if (term) this.tip.replaceChildren(...meaning(term));
    else return;
    const zoom = zoomOf(this.root);
    const [box, home] = [node.getBoundingClientRect(), this.root.getBoundingClientRect()];
    const [at, top] = [(box.left - home.left) / zoom + x, (box.top - home.top) / zoom + y];
    const left = Math.max(0, Math.min(at + 12, home.width / zoom - this.tip.offsetWidth - 4));
    const below = top + 14;
    const room = (globalThis.innerHeight - home.top) / zoom;
    const above = below + this.tip.offsetHeight > room ? Math.max(0, top - this.tip.offsetHeight - 8) : below;
    place(this.tip, { transform: `translate(${left.toFixed(0)}px, ${above.toFixed(0)}px)` });
  }

  explain(node, pick) {
    const { stepper } = this;
    if (!pick) return;
    if (pick.kind === "inspect") {
      stepper.go({ segment: pick.i });
      return;
    }
    for (const view of stepper.views) {
      if (view.node.contains(node) || stepper.views.length === 1) view.pick(pick, node);
    }
    stepper.go({});
  }
}

/** What the glossary says of a term: sentences, and its equation below them. */
function meaning({ says, symbol, formula, number }) {
  const parts = [el("p", {}, says)];
  if (formula) parts.push(el("p", { class: "symbol" }, ...math(formula), number ? ` (Eq. ${number})` : ""));
  else if (symbol) parts.push(el("p", { class: "symbol" }, ...math(symbol)));
  return parts;
}

/** Where in an element an event is, in the pixels of its layout. */
function within(node, event) {
  const [box, zoom] = [node.getBoundingClientRect(), zoomOf(node)];
  return [(event.clientX - box.left) / zoom, (event.clientY - box.top) / zoom];
}
