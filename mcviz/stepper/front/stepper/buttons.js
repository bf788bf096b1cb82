/* What is pressed above the runs. */

import { el, svg } from "../drawing/dom.js";
import { SPEEDS } from "./time.js";

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

/** A button that gives the focus back to the stepper when it was clicked, so that keys go on. */
export function control(stepper, name, label, onclick, ...content) {
  const press = (event) => {
    onclick();
    if (event.detail) stepper.root.focus({ preventScroll: true });
  };
  const attributes = { type: "button", "aria-label": label, title: label, class: name, onclick: press };
  return el("button", attributes, ...(content.length ? content : [icon(name)]));
}

/** A choice of a menu. */
export function option(value, text) {
  return el("option", { value }, text);
}

/** How fast a time goes on. */
export function speeds(time, label) {
  const menu = el(
    "select",
    { "aria-label": label, title: label, onchange: () => time.setSpeed(Number(menu.value)) },
    ...SPEEDS.map((s) => option(s, `${s}/s`)),
  );
  menu.value = time.speed;
  return menu;
}

export function icon(name) {
  return svg(
    "svg",
    { viewBox: "0 0 16 16", width: 14, height: 14, class: "icon", "aria-hidden": "true" },
    svg("path", { d: ICONS[name] }),
  );
}
