/* Where the reader stands, and what is drawn there. */

import { decode } from "../data/decode.js";
import { open, readArrays } from "../data/payload.js";
import { el, place } from "../drawing/dom.js";
import { View } from "../view.js";
import { Asking } from "./asking.js";
import { Difference } from "./difference.js";
import { Editing } from "./editing.js";
import { Editor } from "./editor.js";
import { Events } from "./events.js";
import { Film } from "./film.js";
import { Hashes } from "./hashes.js";
import { helpWithKeys, listenElsewhere, press } from "./keys.js";
import { readColours } from "./looks.js";
import { nameRuns } from "./naming.js";
import { Pointing } from "./pointing.js";
import { Resting } from "./resting.js";
import { figureText } from "./saving.js";
import { Surgery } from "./surgery.js";
import { heightOf, isWide, larger } from "./room.js";
import { Time } from "./time.js";
import { Toolbar } from "./toolbar.js";

/** How much of a window's height the curves of a film take, at the least. */
const CURVES = 40;

/** Put a stepper into an element.
 *
 * `options`: step, head, segment, frame (of a film; -1: the newest), bookmarks; `onChange(state)` after every change by the reader; `onRest(state, moved)`
 * when changes pause, or the reader turns to something else on the page; `onBookmarks(tokens)` when a bookmark comes or goes; `keys`, a page whose keys count; `live`, whether somebody answers to a rest with online states;
 * `present`, whether it is large, for a class, and `onPresent(on)` when the reader changes that; `veiled`, whether
 * answers are hidden until they are asked for; `offers`, what the host can do for a reader who asks, `onAsk(request)`, and
 * `answered`, the number of the request that it answered last.
 */
export function mount(root, payload, options) {
  return new Stepper(root, payload, options);
}

class Stepper {
  constructor(root, payload, options = {}) {
    this.root = root;
    this.options = options;
    this.bookmarks = new Set(options.bookmarks ?? []);
    this.time = new Time(this, "step", () => this.toolbar);
    this.film = null;
    this.writing = false;
    this.resting = new Resting(this);
    this.hashes = new Hashes(this);
    this.pointing = new Pointing(this);
    this.asking = new Asking(this);
    this.surgery = new Surgery(this);
    this.editing = new Editing(this);
    this.editor = new Editor(this);
    this.stop = new AbortController();
    root.classList.add("mcviz");
    root.tabIndex = 0;
    root.dataset.lmSuppressShortcuts = "true";
    this.presenting = Boolean(options.present);
    root.setAttribute("role", "region");
    root.setAttribute("aria-label", "Memory Caching, step by step");
    this.open(payload, options);
    this.listen();
  }

  /** Show another payload in the same place. What is wrong with it is shown as text. */
  open(payload, at = {}) {
    try {
      const decoded = decode(payload);
      if (this.film?.goesOn(decoded.film)) this.goOn(decoded);
      else this.show(decoded, at);
    } catch (error) {
      this.views = [];
      this.film = null;
      this.root.replaceChildren(
        el("p", { class: "problem", role: "alert" }, `This run cannot be shown. ${error.message}`),
      );
    }
  }

  /** Take in frames of the film on screen. Who looks at its newest frame goes on to look at the newest. */
  goOn({ id, film }) {
    this.id = id;
    this.veil(film.frames);
    this.film.take(film, film.frames);
    this.go(this.follows ? { frame: -1 } : {}, { quiet: true });
  }

  show({ id, glossary, runs, difference, film }, { step = 0, head = 0, segment = -1, frame = 0 }) {
    this.film?.destroy();
    this.state = { step: 0, head: 0, segment: -1 };
    delete this.root.dataset.step;
    delete this.root.dataset.frame;
    this.id = id;
    this.glossary = glossary;
    this.revealed = new Set();
    this.veil(film?.frames ?? runs);
    this.T = Math.min(...runs.map((run) => run.T));
    this.H = Math.max(...runs.map((run) => run.H));
    this.N = Math.max(...runs.map((run) => run.N));
    this.run = runs[0];
    this.views = runs.map((run) => new View(this, run, runs));
    this.difference = difference ? new Difference(this, difference) : null;
    this.film = film ? new Film(this, film) : null;
    this.events = new Events(this.run, film?.frames);
    this.pair = el(
      "div",
      { class: this.views.length > 1 ? "views two" : "views" },
      ...this.views.map((view) => view.node),
    );
    this.toolbar = new Toolbar(this);
    this.help = helpWithKeys(this);
    this.pointing.tell(null);
    this.root.replaceChildren(
      this.toolbar.node,
      this.asking.node,
      this.editing.node,
      this.surgery.node,
      ...(this.film ? [this.film.node] : []),
      ...(this.difference ? [this.difference.node] : []),
      this.pair,
      this.pointing.tip,
      this.editor.node,
      this.surgery.menu,
      this.help,
    );
    this.resize();
    this.go({ step, head, segment, frame }, { quiet: true });
  }

  /** Hide the answers of runs until they are asked for, where that is wanted. */
  veil(runs) {
    if (this.options.veiled) for (const run of runs) run.revealed = this.revealed;
  }

  /** The frame of training at hand that is on screen, and the one before it. */
  turn(run, earlier) {
    this.run = this.events.run = run;
    this.views[0].turn(run, earlier);
  }

  /** Move to a step, a head, an inspected segment (-1: the online memory), a frame of a film (-1: the newest). */
  go(to, { quiet = false } = {}) {
    if (!this.views.length) return;
    const next = { ...this.state, ...to };
    next.step = clamp(next.step, 0, this.T);
    next.head = clamp(next.head, 0, this.H);
    next.segment = clamp(next.segment, -1, this.N);
    if (this.film) next.frame = next.frame < 0 ? this.film.length - 1 : clamp(next.frame, 0, this.film.length);
    else delete next.frame;
    // a film that loses frames brings nobody to its newest who did not go there
    if ("frame" in to) this.follows = next.frame === this.lengths.frame - 1;
    if (next.step !== this.state.step) this.came = this.state.step;
    this.state = next;
    if (!this.frame) this.frame = requestAnimationFrame(() => this.paint());
    if (!quiet) this.options.onChange?.({ ...next });
    this.resting.begin(quiet);
  }

  get playing() {
    return this.time.playing || Boolean(this.film?.time.playing);
  }

  /** How far each axis goes. */
  get lengths() {
    return { step: this.T, frame: this.film?.length ?? 1 };
  }

  /** Take in online states around a token, for a run that does not carry them all. */
  attach(payload) {
    try {
      const { header, bytes } = open(payload);
      if (header.id !== this.id) return;
      const groups = readArrays(header, bytes);
      const runs = this.film ? [this.film.runs[header.frame]] : this.views.map(({ run }) => run);
      runs.forEach((run, i) => {
        run.online = { ...header.online[i], a: groups[i] };
      });
    } catch (error) {
      this.say(error.message);
    }
    this.go({}, { quiet: true });
  }

  /** Show in words what is on no picture, for a moment. */
  say(text) {
    this.toolbar.say(text);
  }

  /** What the host can do now for a reader who asks. */
  offer(offers) {
    const operable = Boolean(this.asking.offers.surgery);
    this.asking.offers = offers;
    if (Boolean(offers.surgery) !== operable) this.resize(); // there has to be room for what can be done
    this.go({}, { quiet: true });
  }

  /** Large, for a class, or not. */
  present(on) {
    if (on === this.presenting) return;
    this.resting.hurry();
    this.presenting = on;
    this.resize();
    this.options.onPresent?.(on);
  }

  /** Close what explains a number. */
  dismiss() {
    for (const view of this.views) view.dismiss();
  }

  /** The view as the text of an SVG. */
  figure() {
    return figureText(this);
  }

  /** Show the answer at this token. */
  reveal() {
    this.revealed.add(this.state.step);
    this.resize();
  }

  resize() {
    this.root.classList.toggle("present", this.presenting);
    const zoom = this.presenting ? larger(this.views.length) : 1;
    place(this.root, { zoom: zoom === 1 ? "" : zoom.toFixed(3) });
    this.tall = innerHeight / zoom;
    this.width = this.root.clientWidth;
    if (!this.width || !this.views.length) return;
    // two runs beside each other: what names their rows stands once, at the left
    this.abreast = this.views.length > 1 && isWide(this.width);
    this.height = this.film || !this.presenting ? heightOf(this.tall - (this.film ? CURVES : 0)) : "tall";
    this.root.classList.toggle("low", this.height !== "tall");
    this.root.classList.toggle("short", this.height === "short");
    this.pair.classList.toggle("abreast", this.abreast);
    // Colours can be read only where the page's styles apply, so not before there is room.
    this.colours = readColours(this.root);
    for (const view of this.views) view.resize(this.colours);
    this.difference?.resize();
    this.film?.resize();
    this.go({}, { quiet: true });
  }

  redraw() {
    this.resize();
    cancelAnimationFrame(this.frame);
    this.paint();
  }

  paint() {
    this.frame = 0;
    // Nothing is drawn into no room; `resize` comes back once there is some.
    if (!this.width || !this.views.length) return;
    nameRuns(this);
    this.film?.paint(this.state);
    for (const view of this.views) view.paint(this.state);
    this.difference?.paint(this.state);
    this.toolbar.paint(this.state);
    this.surgery.paint();
    this.editing.paint();
    this.editor.paint();
    Object.assign(this.root.dataset, this.state);
  }

  listen() {
    const { signal } = this.stop;
    this.root.addEventListener("keydown", (event) => press(this, event), { signal });
    if (this.options.keys) listenElsewhere(this, this.options.keys, signal);
    this.resting.listen(signal);
    this.pointing.listen(signal);
    this.root.addEventListener("transitionrun", (event) => event.target === this.root && this.resize(), { signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.resize(), { signal });
    // paper is white: what is printed is drawn anew, at once
    matchMedia("print").addEventListener("change", () => this.redraw(), { signal });
    for (const side of ["beforeprint", "afterprint"]) addEventListener(side, () => this.redraw(), { signal });
    addEventListener("resize", () => this.root.isConnected && this.resize(), { signal });
    this.watch = new ResizeObserver(() => {
      if (this.width !== this.root.clientWidth) this.resize();
    });
    this.watch.observe(this.root);
  }

  destroy() {
    this.time.playing = false;
    this.film?.destroy();
    this.stop.abort();
    this.watch.disconnect();
    this.toolbar?.destroy();
    this.resting.end();
    cancelAnimationFrame(this.frame);
    this.views = [];
    this.root.replaceChildren();
  }
}

function clamp(x, low, end) {
  return Math.max(low, Math.min(end - 1, Math.trunc(Number(x)) || 0));
}
