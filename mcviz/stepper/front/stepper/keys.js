/* The keyboard. */

import { el } from "../drawing/dom.js";
import { bookmark, toAnswer, toBookmark, toEvent, toMemory, toSegment } from "./jumps.js";

/** What stands in the help, and what it does: by the key's name, (stepper, element with the focus) -> anything. Last,
 * the kind of request without whose offer there is no such key, or "film", for keys of a film alone. */
const KEYS = [
  [
    "← →",
    "one token back, forward",
    {
      ArrowLeft: (stepper) => stepper.go({ step: stepper.state.step - 1 }),
      ArrowRight: (stepper) => stepper.go({ step: stepper.state.step + 1 }),
    },
  ],
  [
    "Page Up, Page Down",
    "one segment back, forward; in front of a class, one token, as a clicker has it",
    { PageUp: (stepper) => turn(stepper, -1), PageDown: (stepper) => turn(stepper, 1) },
  ],
  [
    "Home, End",
    "first token, last token",
    { Home: (stepper) => stepper.go({ step: 0 }), End: (stepper) => stepper.go({ step: stepper.T - 1 }) },
  ],
  [
    "↑ ↓",
    "head before, head after",
    {
      ArrowUp: (stepper) => stepper.go({ head: stepper.state.head - 1 }),
      ArrowDown: (stepper) => stepper.go({ head: stepper.state.head + 1 }),
    },
  ],
  ["Space", "play, pause", { " ": (stepper) => stepper.time.play() }],
  [
    "+ −",
    "faster, slower",
    {
      "+": (stepper) => stepper.time.faster(1),
      "=": (stepper) => stepper.time.faster(1),
      "-": (stepper) => stepper.time.faster(-1),
    },
  ],
  ["n p", "next, previous event", { n: (stepper) => toEvent(stepper, 1), p: (stepper) => toEvent(stepper, -1) }],
  [
    "e",
    "another kind of event",
    {
      e: (stepper) => {
        stepper.toolbar.follow(stepper.events.following);
        stepper.say(`n and p: ${stepper.events.name}`);
      },
    },
  ],
  ["a", "where the answer stands, and back", { a: toAnswer }],
  [
    "[ ]",
    "inspect the memory before, after",
    { "[": (stepper) => toMemory(stepper, -1), "]": (stepper) => toMemory(stepper, 1) },
  ],
  ["o", "inspect the online memory", { o: (stepper) => stepper.go({ segment: -1 }) }],
  ["b", "bookmark this token", { b: bookmark }],
  [
    ", .",
    "previous, next bookmark",
    { ",": (stepper) => toBookmark(stepper, -1), ".": (stepper) => toBookmark(stepper, 1) },
  ],
  [
    "Shift + arrows",
    "on a focused picture: from cell to cell; Enter shows the equation",
    {
      "Shift ArrowUp": (stepper, picture) => stepper.pointing.move(picture, -1, 0),
      "Shift ArrowDown": (stepper, picture) => stepper.pointing.move(picture, 1, 0),
      "Shift ArrowLeft": (stepper, picture) => stepper.pointing.move(picture, 0, -1),
      "Shift ArrowRight": (stepper, picture) => stepper.pointing.move(picture, 0, 1),
      Enter: (stepper, picture) => stepper.pointing.explainSpot(picture),
    },
  ],
  [
    "j k",
    "frame of training before, after",
    { j: (stepper) => stepper.film.by(-1), k: (stepper) => stepper.film.by(1) },
    "film",
  ],
  [
    "J K",
    "where something jumped in training, before, after",
    { J: (stepper) => stepper.film.toJump(-1), K: (stepper) => stepper.film.toJump(1) },
    "film",
  ],
  ["t", "play the training, pause", { t: (stepper) => stepper.film.time.play() }, "film"],
  [
    "x",
    "switch the inspected checkpoint off, or restore it",
    { x: (stepper) => stepper.surgery.toggle(stepper.state.segment) },
    "surgery",
  ],
  [
    "s",
    "all that can be done to the inspected checkpoint",
    { s: (stepper) => stepper.surgery.open(stepper.state.segment) },
    "surgery",
  ],
  ["w", "write another word here", { w: (stepper) => stepper.editor.show(true) }, "edit"],
  ["u", "undo the last edit", { u: (stepper) => stepper.editing.undo() }, "edit"],
  ["f", "large, for a class, and back", { f: (stepper) => stepper.present(!stepper.presenting) }],
  ["Esc", "close what explains a number", { Escape: (stepper) => stepper.dismiss() }],
  ["?", "this help", { "?": (stepper) => stepper.help.showModal() }],
];

/** The keys that count: those of what the host offers, and of what is on screen. */
function keysOf({ asking, film }) {
  return KEYS.filter(([, , , kind]) => !kind || (kind === "film" ? film : asking.offers[kind]));
}

function turn(stepper, by) {
  if (stepper.presenting) stepper.go({ step: stepper.state.step + by });
  else toSegment(stepper, by);
}

const WRITTEN = "textarea, select, [contenteditable], input:not([type=range], [type=button], [type=submit])";
/** What around us has keys of its own. */
const ROLES = "dialog menu menuitem listbox option combobox radio slider spinbutton textbox tab grid tree application";
const THEIRS = `${WRITTEN}, input, iframe, dialog, audio, video, ${ROLES.replace(/\w+/g, "[role=$&]").replaceAll(" ", ", ")}`;

/** Where words are written. */
const WORDS =
  "textarea, [contenteditable], input:not([type]), input[type=text], input[type=search], [role=grid], [role=textbox]";

/** Hear the keys that are pressed elsewhere on the page, and whether the reader is writing there. */
export function listenElsewhere(stepper, page, signal) {
  page.addEventListener("keydown", (event) => pressElsewhere(stepper, event), { signal });
  for (const type of ["focusin", "pointerdown"])
    page.addEventListener(type, (event) => noteWriting(stepper, event), { signal, capture: true });
}

/** Note whether the reader is writing: from when a field for words is entered until the stepper is. */
function noteWriting(stepper, event) {
  const path = event.composedPath();
  if (path.some((node) => node.matches?.(WORDS) && !node.matches("[role=combobox]"))) stepper.writing = true;
  else if (path.includes(stepper.root)) stepper.writing = false;
}

/** Do what a key does that was pressed elsewhere on the page: not where keys are written or mean something else, nor
 * for letters that may be meant for a field that was just left. */
function pressElsewhere(stepper, event) {
  if (stepper.writing && event.key.length === 1) return;
  const path = event.composedPath();
  const taken = event.defaultPrevented || path.includes(stepper.root) || path.some((node) => node.matches?.(THEIRS));
  // where there is nothing to choose among, a page goes on to scroll
  const idle = /^Arrow(Up|Down)$/.test(event.key) && stepper.H === 1;
  if (taken || idle || !stepper.width || document.querySelector("dialog[open], [role=dialog]:not([hidden])")) return;
  press(stepper, event);
}

/** Do what a key does. */
export function press(stepper, event) {
  const { key } = event;
  const [target] = event.composedPath();
  if (
    !stepper.views.length ||
    stepper.help.open ||
    stepper.surgery.menu.open ||
    event.ctrlKey ||
    event.metaKey ||
    event.altKey
  )
    return;
  const field = target.matches?.(WRITTEN);
  const button = (key === " " || key === "Enter") && target.matches?.("button, a, summary");
  if (field || button) {
    if (stepper.root.contains(target)) event.stopPropagation();
    return;
  }
  if (key === "Enter" && !(target.pick && stepper.pointing.spot)) return;
  const name = event.shiftKey && target.move && key.startsWith("Arrow") ? `Shift ${key}` : key;
  const action = keysOf(stepper).find(([, , actions]) => Object.hasOwn(actions, name))?.[2][name];
  // Where we have the focus no key of ours, nor any other plain letter, may reach the shortcuts of the page around us.
  if (action || (key.length === 1 && stepper.root.contains(target))) event.stopPropagation();
  if (!action) return;
  event.preventDefault();
  if (stepper.time.playing && /^(Arrow|Page|Home|End)/.test(name)) stepper.time.play(false);
  action(stepper, target);
}

/** A dialog that lists the keys. */
export function helpWithKeys(stepper) {
  const close = () => dialog.close();
  const dialog = el(
    "dialog",
    { class: "help", "aria-label": "Keyboard" },
    el("h2", {}, "Keyboard"),
    el("dl", {}, ...keysOf(stepper).flatMap(([keys, what]) => [el("dt", {}, keys), el("dd", {}, what)])),
    el(
      "p",
      {},
      "Drag the bar under the tokens or the map of gates. Point at any word for what it means, at any number for all its digits; click a number for its equation.",
    ),
    el("button", { type: "button", onclick: close }, "Close"),
  );
  dialog.addEventListener("click", (event) => event.target === dialog && close());
  return dialog;
}
