/* A run at several steps of its training: the second axis, beside that of tokens.
 *
 * A payload's `film` is {id, steps, total, first, curves: [{name, title, values, share}], jumps: [{frame, says}], frames}: the
 * step of training of every frame, and what was measured there. `frames` are the runs of those from `first` on; the
 * others came earlier, or are not at hand.
 */

import { bin } from "../drawing/canvas.js";
import { drag, el, place, write } from "../drawing/dom.js";
import { count } from "../drawing/text.js";
import { control, icon, speeds } from "./buttons.js";
import { gateChange, saidChange } from "./changes.js";
import { Learning, lookOf, measuredOf } from "./learning.js";
import { Time } from "./time.js";

export class Film {
  constructor(stepper, film) {
    this.stepper = stepper;
    this.runs = [];
    this.time = new Time(stepper, "frame", () => this);
    this.play = control(stepper, "play", "Play the training (t)", () => this.time.play());
    this.speed = speeds(this.time, "Frames per second");
    this.clock = el("b", { class: "step" });
    this.total = el("span", {});
    this.numbers = el("span", { class: "measured" });
    this.marks = [
      control(stepper, "back", "Previous jump (J)", () => this.toJump(-1)),
      control(stepper, "next", "Next jump (K)", () => this.toJump(1)),
    ];
    this.learning = new Learning();
    this.lens = el("div", { class: "lens" });
    this.slider = el(
      "div",
      {
        class: "scrub slider",
        role: "slider",
        tabindex: "0",
        "aria-label": "Step of training",
        "aria-valuemin": "0",
        onkeydown: (event) => this.press(event),
      },
      ...this.learning.nodes,
      this.lens,
    );
    this.slider.hint = (x, y) => this.hint(bin(x, this.width, this.length), y);
    drag(this.slider, (x, w) => stepper.go({ frame: bin(x, w, this.length) }));
    this.changed = el("p", { class: "changed", "aria-live": "polite" });
    this.node = el(
      "div",
      { class: "film", role: "group", "aria-label": "Training" },
      el(
        "div",
        { class: "toolbar", role: "toolbar", "aria-label": "Training" },
        el(
          "span",
          { class: "group" },
          control(stepper, "first", "First frame of training", () => stepper.go({ frame: 0 })),
          control(stepper, "back", "Frame before (j)", () => this.by(-1)),
          this.play,
          control(stepper, "next", "Frame after (k)", () => this.by(1)),
          control(stepper, "last", "Last frame of training", () => stepper.go({ frame: this.length - 1 })),
          this.speed,
        ),
        el("span", { class: "clock" }, "step of training ", this.clock, this.total),
        el("span", { class: "group jumps" }, this.marks[0], "jumps", this.marks[1]),
        this.numbers,
      ),
      this.slider,
      this.changed,
    );
    this.take(film);
  }

  get id() {
    return this.film.id;
  }

  get length() {
    return this.film.steps.length;
  }

  /** Whether these frames go on with ours. */
  goesOn(film) {
    return film?.id === this.id;
  }

  /** Take in frames, besides those that came before. */
  take(film) {
    this.film = film;
    film.frames.forEach((run, i) => {
      this.runs[film.first + i] = run;
    });
    this.shown = -1;
    this.drawn = "";
    this.jumps = new Map();
    for (const { frame, says } of film.jumps) this.jumps.set(frame, [...(this.jumps.get(frame) ?? []), says]);
    for (const mark of this.marks) mark.disabled = !this.jumps.size;
    write(this.total, ` of ${film.total.toLocaleString("en")}`);
    this.slider.setAttribute("aria-valuemax", String(this.length - 1));
    this.readouts = film.curves.map((curve) => el("b", { class: "number", "data-number": curve.name }));
    this.numbers.replaceChildren(
      ...film.curves.map((curve, n) =>
        el("span", { class: "curve", "data-curve": lookOf(curve) }, el("i", {}), `${curve.title} `, this.readouts[n]),
      ),
    );
  }

  /** The frame at hand that is nearest to one, which may not be. */
  nearest(frame) {
    for (let away = 0; away < this.length; away++) {
      for (const at of [frame - away, frame + away]) if (this.runs[at]) return at;
    }
    return frame;
  }

  /** The frame before one, of those at hand; -1 where there is none. */
  before(frame) {
    for (let at = frame - 1; at >= 0; at--) if (this.runs[at]) return at;
    return -1;
  }

  by(frames) {
    this.stepper.go({ frame: this.stepper.state.frame + frames });
  }

  toJump(by) {
    const { frame } = this.stepper.state;
    const ahead = [...this.jumps.keys()].filter((at) => (at - frame) * by > 0);
    if (ahead.length) this.stepper.go({ frame: by > 0 ? Math.min(...ahead) : Math.max(...ahead) });
    else this.stepper.say(`no ${by > 0 ? "later" : "earlier"} jump of training`);
  }

  /** Keys of the slider itself, as sliders have them. */
  press(event) {
    const { frame } = this.stepper.state;
    const to = {
      ArrowLeft: frame - 1,
      ArrowDown: frame - 1,
      ArrowRight: frame + 1,
      ArrowUp: frame + 1,
      PageDown: frame - 10,
      PageUp: frame + 10,
      Home: 0,
      End: this.length - 1,
    }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.time.play(false);
    this.stepper.go({ frame: Math.max(0, to) });
  }

  showPlaying(on) {
    this.play.replaceChildren(icon(on ? "pause" : "play"));
    this.play.setAttribute("aria-label", on ? "Pause the training" : "Play the training");
  }

  resize() {
    this.width = this.slider.clientWidth;
    this.learning.resize(this.width, this.stepper.height);
    this.drawn = "";
  }

  paint(state) {
    const { stepper } = this;
    const frame = this.nearest(state.frame);
    const run = this.runs[frame];
    if (this.shown !== frame) {
      stepper.turn(run, this.runs[this.before(frame)] ?? null);
      this.shown = frame;
    }
    const at = { t: state.step, h: state.head };
    const look = [frame, at.t, at.h, run.veils(at.t)].join();
    if (this.drawn !== look) {
      this.drawn = look;
      this.learning.draw(this.film, this.runs, this.jumps.keys(), at, stepper.colours);
      this.paintNumbers(frame);
      this.changed.replaceChildren(...this.change(frame, at));
      this.changed.setAttribute("aria-live", this.stepper.playing ? "off" : "polite");
    }
    const step = this.width / this.length;
    place(this.lens, { transform: `translateX(${(frame * step).toFixed(1)}px)`, width: `${Math.max(3, step)}px` });
  }

  paintNumbers(frame) {
    const { steps, curves } = this.film;
    write(this.clock, steps[frame].toLocaleString("en"));
    const told = curves.map((curve, n) => {
      const value = measuredOf(curve, frame);
      write(this.readouts[n], value);
      return `${curve.title} ${value}`;
    });
    this.slider.setAttribute("aria-valuenow", String(frame));
    this.slider.setAttribute("aria-valuetext", `step ${steps[frame]} of ${this.film.total}: ${told.join(", ")}`);
  }

  hint(frame, y) {
    const said = this.learning.hint(y, frame, this.film, this.runs[frame], this.stepper.views[0].at);
    return [said, ...(this.jumps.get(frame) ?? [])].join(" · ");
  }

  /** What is not as it was in the frame before, at this token. */
  change(frame, { t, h }) {
    const jump = this.jumps.has(frame) ? [el("b", {}, `▼ ${this.jumps.get(frame).join(", ")}. `)] : [];
    const earlier = this.before(frame);
    if (earlier < 0) return [...jump, "The first frame: nothing is learned yet. Play, or drag along the curves."];
    const [was, run] = [this.runs[earlier], this.runs[frame]];
    const since = this.film.steps[frame] - this.film.steps[earlier];
    return [
      ...jump,
      `In the ${count(since, "step")} since step ${this.film.steps[earlier].toLocaleString("en")}, at this token: `,
      ...(run.compares ? gateChange(was, run, t, h) : []),
      ...saidChange(was, run, t),
    ];
  }

  destroy() {
    this.time.playing = false;
  }
}
