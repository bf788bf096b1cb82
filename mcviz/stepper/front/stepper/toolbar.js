/* What stands above the runs: time, events, heads, bookmarks, and a way to save. */

import { el, show, write } from "../drawing/dom.js";
import { term } from "../drawing/text.js";
import { control, icon, option, speeds } from "./buttons.js";
import { EVENTS } from "./events.js";
import { bookmark, toEvent } from "./jumps.js";
import { save } from "./saving.js";

const MOMENT = 2500;

export class Toolbar {
  constructor(stepper) {
    this.stepper = stepper;
    const { T, events, time } = stepper;
    this.step = el("b", { class: "step" });
    this.range = el("input", {
      type: "range",
      min: "0",
      max: String(T - 1),
      step: "1",
      "aria-label": "Token",
      oninput: () => stepper.go({ step: this.range.value }),
    });
    this.play = control(stepper, "play", "Play", () => time.play());
    this.mark = control(stepper, "mark", "Bookmark this token (b)", () => bookmark(stepper));
    this.speed = speeds(time, "Tokens per second");
    this.event = el(
      "select",
      { "aria-label": "Kind of event", onchange: () => this.follow(this.event.value) },
      ...events.kinds.map((kind) => option(kind, EVENTS[kind])),
    );
    this.threshold = el("input", {
      type: "number",
      min: "0",
      step: "0.1",
      value: String(events.threshold),
      class: "threshold",
      "aria-label": "Entropy above, in nats",
      title: "Entropy of the gates above, in nats",
      oninput: () => {
        events.threshold = Number(this.threshold.value) || 0;
      },
    });
    this.status = el("span", { class: "status", role: "status" });
    this.node = el(
      "div",
      { class: "toolbar", role: "toolbar", "aria-label": "Time" },
      this.timeGroup(),
      el(
        "span",
        { class: "group time" },
        this.range,
        el("span", { class: "clock" }, term("token", "token"), " ", this.step, ` / ${T - 1}`),
        control(stepper, "large", "Large, for a class, and back (f)", () => stepper.present(!stepper.presenting)),
      ),
      el(
        "span",
        { class: "group" },
        control(stepper, "back", "Previous event (p)", () => toEvent(stepper, -1)),
        this.event,
        this.threshold,
        control(stepper, "next", "Next event (n)", () => toEvent(stepper, 1)),
      ),
      ...this.headGroup(),
      el(
        "span",
        { class: "group" },
        this.mark,
        control(stepper, "save", "Save this view as PNG", () => save(stepper, "png"), icon("save"), "PNG"),
        control(stepper, "save", "Save this view as SVG", () => save(stepper, "svg"), "SVG"),
        control(stepper, "help", "Keyboard help (?)", () => stepper.help.showModal(), "?"),
      ),
      this.status,
    );
    this.follow(events.kind);
  }

  timeGroup() {
    const { stepper } = this;
    return el(
      "span",
      { class: "group" },
      control(stepper, "first", "First token (Home)", () => stepper.go({ step: 0 })),
      control(stepper, "back", "Back (←)", () => stepper.go({ step: stepper.state.step - 1 })),
      this.play,
      control(stepper, "next", "Forward (→)", () => stepper.go({ step: stepper.state.step + 1 })),
      control(stepper, "last", "Last token (End)", () => stepper.go({ step: stepper.T - 1 })),
      this.speed,
    );
  }

  /** A few heads as buttons, many as a menu, one not at all. */
  headGroup() {
    const { stepper } = this;
    const heads = Array.from({ length: stepper.H }, (_, h) => h);
    this.heads = [];
    this.headMenu = null;
    if (heads.length === 1) return [];
    if (heads.length > 8) {
      this.headMenu = el(
        "select",
        { "aria-label": "Head", onchange: () => stepper.go({ head: this.headMenu.value }) },
        ...heads.map((h) => option(h, String(h))),
      );
      return [el("span", { class: "group heads" }, term("head", "head"), this.headMenu)];
    }
    this.heads = heads.map((h) =>
      el(
        "button",
        { type: "button", "aria-pressed": "false", "aria-label": `Head ${h}`, onclick: () => stepper.go({ head: h }) },
        String(h),
      ),
    );
    return [
      el("span", { class: "group heads", role: "group", "aria-label": "Head" }, term("head", "head"), ...this.heads),
    ];
  }

  paint({ step, head }) {
    const { T, run, bookmarks } = this.stepper;
    write(this.step, String(step));
    if (this.range.value !== String(step)) this.range.value = step;
    this.range.setAttribute("aria-valuetext", `token ${step} of ${T}: ${run.label(step)}`);
    this.heads.forEach((button, h) => button.setAttribute("aria-pressed", String(h === head)));
    if (this.headMenu) this.headMenu.value = head;
    this.mark.setAttribute("aria-pressed", String(bookmarks.has(step)));
  }

  showPlaying(on) {
    this.play.replaceChildren(icon(on ? "pause" : "play"));
    this.play.setAttribute("aria-label", on ? "Pause" : "Play");
  }

  /** Step through another kind of event. */
  follow(kind) {
    this.stepper.events.kind = kind;
    this.event.value = kind;
    show(this.threshold, kind === "entropy");
  }

  /** Words that are gone after a moment. */
  say(text) {
    write(this.status, text);
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => write(this.status, ""), MOMENT);
  }

  destroy() {
    clearTimeout(this.quiet);
  }
}
