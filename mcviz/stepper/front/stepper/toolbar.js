/* What stands above the runs: time, events, heads, bookmarks, and a way to save. */

import { el, show, svg, write } from "../drawing/dom.js";
import { term } from "../drawing/text.js";
import { EVENTS } from "./events.js";
import { bookmark, toEvent } from "./jumps.js";
import { save } from "./saving.js";
import { SPEEDS } from "./time.js";

const MOMENT = 2500;
const ICONS = {
  first: "M4 3v10M13 3 6 8l7 5z",
  back: "M11 3 5 8l6 5z",
  play: "M4 2.5 13 8l-9 5.5z",
  pause: "M5 3v10M11 3v10",
  next: "M5 3l6 5-6 5z",
  last: "M12 3v10M3 3l7 5-7 5z",
  mark: "M4 2h8v12l-4-3.5L4 14z",
  large: "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4",
  save: "M8 2v8M4.5 7 8 10.5 11.5 7M3 14h10",
};

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
    this.play = this.button("play", "Play", () => time.play());
    this.mark = this.button("mark", "Bookmark this token (b)", () => bookmark(stepper));
    this.speed = el(
      "select",
      {
        "aria-label": "Tokens per second",
        title: "Tokens per second",
        onchange: () => time.setSpeed(Number(this.speed.value)),
      },
      ...SPEEDS.map((s) => option(s, `${s}/s`)),
    );
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
    this.speed.value = time.speed;
    this.node = el(
      "div",
      { class: "toolbar", role: "toolbar", "aria-label": "Time" },
      this.timeGroup(),
      el(
        "span",
        { class: "group time" },
        this.range,
        el("span", { class: "clock" }, term("token", "token"), " ", this.step, ` / ${T - 1}`),
        this.button("large", "Large, for a class, and back (f)", () => stepper.present(!stepper.presenting)),
      ),
      el(
        "span",
        { class: "group" },
        this.button("back", "Previous event (p)", () => toEvent(stepper, -1)),
        this.event,
        this.threshold,
        this.button("next", "Next event (n)", () => toEvent(stepper, 1)),
      ),
      ...this.headGroup(),
      el(
        "span",
        { class: "group" },
        this.mark,
        this.button("save", "Save this view as PNG", () => save(stepper, "png"), icon("save"), "PNG"),
        this.button("save", "Save this view as SVG", () => save(stepper, "svg"), "SVG"),
        this.button("help", "Keyboard help (?)", () => stepper.help.showModal(), "?"),
      ),
      this.status,
    );
    this.follow(events.kind);
  }

  /** A button that gives the focus back to the stepper when it was clicked, so that keys go on. */
  button(name, label, onclick, ...content) {
    const press = (event) => {
      onclick();
      if (event.detail) this.stepper.root.focus({ preventScroll: true });
    };
    const attributes = { type: "button", "aria-label": label, title: label, class: name, onclick: press };
    return el("button", attributes, ...(content.length ? content : [icon(name)]));
  }

  timeGroup() {
    const { stepper } = this;
    return el(
      "span",
      { class: "group" },
      this.button("first", "First token (Home)", () => stepper.go({ step: 0 })),
      this.button("back", "Back (←)", () => stepper.go({ step: stepper.state.step - 1 })),
      this.play,
      this.button("next", "Forward (→)", () => stepper.go({ step: stepper.state.step + 1 })),
      this.button("last", "Last token (End)", () => stepper.go({ step: stepper.T - 1 })),
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

function option(value, text) {
  return el("option", { value }, text);
}

function icon(name) {
  return svg(
    "svg",
    { viewBox: "0 0 16 16", width: 14, height: 14, class: "icon", "aria-hidden": "true" },
    svg("path", { d: ICONS[name] }),
  );
}
