/* A small window at a token, in which it is made another. */

import { el, place, show, write, zoomOf } from "../drawing/dom.js";
import { visible } from "../drawing/text.js";

/** What a chosen word does: its name, and the change of it (editing.js). */
const WAYS = [
  ["Change", (editing, word) => editing.change("=", word)],
  ["Insert before", (editing, word) => editing.change("+", word)],
  ["Insert after", (editing, word) => editing.change("+", word, 1)],
];
let editors = 0;

function command(text, says, onclick) {
  return el("button", { type: "button", title: says, "aria-label": says, onclick }, text);
}

export class Editor {
  constructor(stepper) {
    const { editing } = stepper;
    this.stepper = stepper;
    this.open = false;
    this.way = 0;
    this.active = 0;
    this.found = [];
    const name = `mcviz-editor-${(editors += 1)}`;
    this.title = el("b", {});
    this.ways = WAYS.map(([says], n) =>
      el("button", { type: "button", "aria-pressed": "false", onclick: () => this.choose(n) }, says),
    );
    this.list = el("div", { class: "words", role: "listbox", id: name, "aria-label": "Words of the vocabulary" });
    this.field = el("input", {
      type: "text",
      role: "combobox",
      "aria-expanded": "true",
      "aria-controls": name,
      "aria-autocomplete": "list",
      "aria-label": "Filter the vocabulary",
      placeholder: "Filter; ↑ ↓ and Enter choose",
      autocomplete: "off",
      maxlength: "64",
      oninput: () => this.filter(),
      onkeydown: (event) => this.press(event),
    });
    this.node = el(
      "div",
      { class: "editor", role: "dialog", "aria-label": "Edit this token", hidden: true },
      el(
        "p",
        {},
        this.title,
        command("×", "Close (Esc)", () => this.close()),
      ),
      el("p", { role: "group", "aria-label": "What a word does" }, ...this.ways),
      this.field,
      this.list,
      el(
        "p",
        {},
        command("← Move", "Move this token to the left", () => editing.change(">", "", -1)),
        command("Move →", "Move this token to the right", () => editing.change(">", "", 1)),
        command("Delete", "Delete this token", () => editing.change("-")),
      ),
    );
    this.node.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
  }

  /** Open it. Where a screen's keyboard would cover the words, `typing` says that the reader has one. */
  show(typing = !matchMedia("(pointer: coarse)").matches) {
    if (!this.stepper.editing.offer) return;
    this.open = true;
    this.choose(0);
    this.field.value = "";
    this.filter();
    this.stepper.go({}, { quiet: true });
    requestAnimationFrame(() => {
      this.paint();
      if (typing) this.field.focus({ preventScroll: true });
    });
  }

  close() {
    if (!this.open) return;
    this.open = false;
    show(this.node, false);
    this.stepper.root.focus({ preventScroll: true });
  }

  choose(way) {
    this.way = way;
    this.ways.forEach((button, n) => button.setAttribute("aria-pressed", String(n === way)));
  }

  /** The words that begin with what is written, and then those that hold it. */
  filter() {
    const [sought, words] = [this.field.value.trim().toLowerCase(), this.stepper.editing.offer?.vocabulary ?? []];
    const at = (word) => word.toLowerCase().indexOf(sought);
    this.found = [...words.filter((word) => at(word) === 0), ...words.filter((word) => at(word) > 0)];
    this.list.replaceChildren(
      ...this.found.map((word, n) => {
        const id = `${this.list.id}-${n}`;
        return el("span", { role: "option", id, onclick: () => this.take(word) }, visible(word));
      }),
    );
    if (!this.found.length) this.list.append("No such word: a model knows the words of its vocabulary only.");
    this.point(0);
  }

  point(n) {
    this.active = Math.max(0, Math.min(this.found.length - 1, n));
    [...this.list.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === this.active)));
    const option = this.found.length ? this.list.children[this.active] : null;
    this.field.setAttribute("aria-activedescendant", option?.id ?? "");
    if (option) this.list.scrollTop = Math.max(0, option.offsetTop - this.list.clientHeight / 2);
  }

  press(event) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) this.point(this.active + by);
    else if (event.key === "Enter" && this.found.length) this.take(this.found[this.active]);
    else return;
    event.preventDefault();
  }

  take(word) {
    WAYS[this.way][1](this.stepper.editing, word);
    this.close();
  }

  /** Stand below the token that the reader stands at. */
  paint() {
    if (this.open && !this.stepper.editing.offer) this.close();
    show(this.node, this.open);
    if (!this.open) return;
    const { root, state, views } = this.stepper;
    const { run, node } = views.at(-1);
    write(this.title, `Token ${state.step}: ${visible(run.label(state.step))}`);
    const chip = node.querySelector(".chip.now");
    if (!chip) return;
    const [zoom, home, box] = [zoomOf(root), root.getBoundingClientRect(), chip.getBoundingClientRect()];
    const [left, below] = [(box.left - home.left) / zoom, (box.bottom - home.top) / zoom + 4];
    const most = home.width / zoom - this.node.offsetWidth;
    place(this.node, { left: `${Math.max(0, Math.min(left, most)).toFixed(0)}px`, top: `${below.toFixed(0)}px` });
  }
}
