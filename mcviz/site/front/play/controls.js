/* The controls: which there are, and what they hold, is said by Python. */

import { el } from "../dom.js";

/** Milliseconds after the last letter until a text counts. */
const PAUSE = 500;

/** The controls in `root`; `changed(name, text)` hears of the reader's choices. */
export class Controls {
  constructor(root, changed) {
    this.root = root;
    this.changed = changed;
    this.fields = new Map();
  }

  /** Show these controls; one that stays keeps its node, and so the reader's cursor. */
  show(controls, enabled) {
    const names = controls.map(({ name }) => name);
    if (names.join() !== [...this.fields.keys()].join()) this.build(controls);
    for (const control of controls) this.fields.get(control.name).show(control, enabled);
  }

  build(controls) {
    const focus = document.activeElement;
    const kept = controls.map(({ name, ...rest }) => [name, this.fields.get(name) ?? this.field({ name, ...rest })]);
    this.fields = new Map(kept);
    this.root.replaceChildren(...kept.map(([, { node }]) => node));
    if (this.root.contains(focus)) focus.focus();
  }

  field(control) {
    const input = made(control);
    let pause = 0;
    const tell = () => {
      clearTimeout(pause); // it is said once, and not again after what is chosen next
      pause = 0;
      this.changed(control.name, text(input));
    };
    // nor where a text that counts already is left
    input.addEventListener("change", () => {
      if (pause || input.localName !== "textarea") tell();
    });
    if (input.localName === "textarea") {
      input.addEventListener("input", () => {
        clearTimeout(pause);
        pause = setTimeout(tell, PAUSE);
      });
    }
    const id = `control-${control.name}`;
    Object.assign(input, { id, name: control.name });
    const label = el("label", { for: id }, control.label);
    const about = control.help ? [help(control)] : [];
    const node = el("div", { class: input.type === "checkbox" ? "field switch" : "field" }, label, ...about, input);
    return { node, show: (now, enabled) => hold(input, now, enabled) };
  }
}

function made({ name, value, titles }) {
  if (Object.keys(titles).length) return el("select", {});
  if (["text", "draft"].includes(name)) return el("textarea", { rows: "5", spellcheck: "false" });
  if (typeof value === "boolean") return el("input", { type: "checkbox" });
  if (typeof value === "number") return el("input", { type: "number", step: "1" });
  return el("input", { type: "text", spellcheck: "false" });
}

function hold(input, { value, titles, least, most }, enabled) {
  input.disabled = !enabled;
  if (input.type === "number") [input.min, input.max] = [least ?? "", most ?? ""];
  const titled = Object.entries(titles);
  if (titled.length && input.dataset.titles !== JSON.stringify(titled)) {
    input.dataset.titles = JSON.stringify(titled);
    input.replaceChildren(...titled.map(([each, title]) => el("option", { value: each }, title)));
  }
  if (input.type === "checkbox") input.checked = value;
  // what is being typed is the reader's
  else if (input !== document.activeElement || titled.length) input.value = value;
}

function text(input) {
  return input.type === "checkbox" ? String(Number(input.checked)) : input.value;
}

function help({ label, help: says }) {
  return el("details", { class: "help" }, el("summary", { "aria-label": `About: ${label}` }, "?"), el("p", {}, says));
}
