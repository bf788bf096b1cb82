/* One run, on the page. */

import { el, show, write } from "./drawing/dom.js";
import { EXPLANATIONS, PARTS } from "./parts.js";

const SIDE = 320;
const BESIDE = 1100;
const GAP = 24;
const LABELS = 100;
const FILM = { tall: 330, low: 150, short: 150 };
/** How much lower a view is that shows a class only the picture. */
const SPARED = 125;

/** Everything about one run at one token, from its tokens down to its output. */
export class View {
  constructor(stepper, run, runs) {
    this.stepper = stepper;
    this.run = run;
    this.earlier = null; // the run in the frame of training before, where there is one
    // what one of two runs has keeps its room in the other, so that their rows are in step
    this.rows = Object.fromEntries(Object.keys(run.rows).map((name) => [name, runs.some(({ rows }) => rows[name])]));
    this.at = { t: 0, h: 0, i: -1 };
    this.picked = { kind: "weight", i: null };
    this.colours = null;
    const columns = Object.values(PARTS).map((column) => column.map((Part) => new Part(this)));
    this.parts = columns.flat();
    const [main, side] = columns.map((column) => column.map((part) => part.node));
    this.which = el("b", { class: "which", hidden: true });
    this.node = el(
      "article",
      { class: "view", "aria-label": run.title || "Run" },
      el("p", { class: "about" }, this.which, run.about),
      el(
        "div",
        { class: "body" },
        el("div", { class: "main" }, ...main),
        el("div", { class: "side", role: "group", "aria-label": "Details" }, ...side),
      ),
    );
  }

  go(to) {
    this.stepper.go(to);
  }

  /** Show the same run as it was at another step of its training. */
  turn(run, earlier) {
    this.run = run;
    this.earlier = earlier;
    this.resize(this.colours);
  }

  /** Show the answer at this token, where answers are hidden until they are asked for. */
  reveal() {
    this.stepper.reveal();
  }

  /** Whether somebody answers to a rest with what the payload had no room for. */
  get live() {
    return Boolean(this.stepper.options.live);
  }

  /** Whether this is the run as it is now, and not the one before. */
  get last() {
    return this.stepper.views.at(-1) === this;
  }

  /** Say which of two runs this is; "" where that needs no saying. */
  call(name) {
    write(this.which, name);
    show(this.which, Boolean(name));
  }

  /** What the host offers to whom wants another token here; of two runs the second is the one that is edited. */
  get edit() {
    return this.last ? this.stepper.editing.offer : undefined;
  }

  /** Open the editor of the token on screen. */
  write() {
    this.stepper.editor.show();
  }

  /** What can be done to checkpoints, where the host offers it. */
  get surgery() {
    return this.stepper.surgery;
  }

  get playing() {
    return this.stepper.playing;
  }

  get bookmarks() {
    return this.stepper.bookmarks;
  }

  /** Whether the names of its rows stand beside the run at its left. */
  get bare() {
    return this.stepper.abreast && this !== this.stepper.views[0];
  }

  /** Explain this number: in the panel beside the run, or, where there is none, right at the number. */
  pick(pick, node) {
    this.picked = pick;
    this.anchor = this.floats ? node : null;
  }

  /** Whether there is no room for a panel beside the run. */
  get floats() {
    return !this.node.classList.contains("beside") || this.stepper.presenting;
  }

  dismiss() {
    if (!this.anchor) return;
    this.anchor = null;
    this.stepper.go({}, { quiet: true });
  }

  /** The equation of the number that was picked last. */
  explain(at) {
    return EXPLANATIONS[this.picked.kind](this.run, at, this.picked);
  }

  resize(colours) {
    this.colours = colours;
    const width = this.node.clientWidth;
    if (!width) return;
    const { abreast, height, presenting, root } = this.stepper;
    const beside = width >= BESIDE && !abreast && !presenting && !root.dataset.spotlight;
    const main = beside ? width - SIDE - GAP : width;
    const narrow = main < 620 && !abreast;
    this.node.classList.toggle("beside", beside);
    this.node.classList.toggle("narrow", narrow);
    this.node.classList.toggle("bare", this.bare);
    if (beside) this.anchor = null;
    const room = {
      stage: narrow || this.bare ? main : main - LABELS,
      side: (beside ? SIDE : Math.min(width, 560)) - 26,
      narrow,
      height,
      window: this.stepper.tall - (this.stepper.film ? FILM[height] : 0) + (this.stepper.presenting ? SPARED : 0),
    };
    for (const part of this.parts) part.resize?.(room);
  }

  paint({ step, head, segment }) {
    const { T, H, N } = this.run;
    this.at = { t: Math.min(step, T - 1), h: Math.min(head, H - 1), i: segment < N ? segment : -1 };
    for (const part of this.parts) part.paint(this.run, this.at);
  }
}
