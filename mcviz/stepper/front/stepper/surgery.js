/* Surgery: what a reader does to checkpoints, where the host offers it, and what is in force.
 *
 * An offer is {read: [0, 1, …], gated: true, edits: [{word: "off.2", says: "Checkpoint 2 is switched off"}, …]}: the
 * checkpoints to operate on, whether gates can be held, and the edits in force. A request names all that are in force
 * from then on: {edits: "off.2 scale.1.2"}. (mcviz/probes/edits.py reads the words.)
 */

import { el, show, write } from "../drawing/dom.js";

const FACTORS = [0.5, 2, -1];
const GATES = [0, 0.5, 1];
const minus = (x) => `${x}`.replace("-", "−");
const operation = (text, onclick, label) => el("button", { type: "button", onclick, "aria-label": label }, text);
const operations = (name, ...buttons) =>
  el("div", { role: "group", "aria-label": name }, el("span", {}, name), ...buttons);

export class Surgery {
  constructor(stepper) {
    this.stepper = stepper;
    this.list = el("ul", {});
    this.node = el("div", { class: "operations", role: "group", "aria-label": "Surgery", hidden: true }, this.list);
    this.title = el("h2", {});
    this.choices = el("div", { class: "choices" });
    this.menu = el(
      "dialog",
      { class: "help surgery", "aria-label": "Surgery" },
      this.title,
      this.choices,
      operation("Close", () => this.menu.close()),
    );
    this.menu.addEventListener("click", (event) => event.target === this.menu && this.menu.close());
  }

  get offer() {
    return this.stepper.asking.offers.surgery;
  }

  get words() {
    return (this.offer?.edits ?? []).map(({ word }) => word);
  }

  /** Whether there is something to do to checkpoint i. */
  can(i) {
    return Boolean(this.offer?.read.includes(i));
  }

  isOff(i) {
    return this.words.includes(`off.${i}`);
  }

  /** Ask for other edits than those in force: `change` makes the new words of the old ones. */
  ask(change) {
    this.menu.close();
    this.stepper.asking.ask(() => ({ surgery: { edits: change(this.words).join(" ") } }));
  }

  /** One more edit, in the place of those of the same `kind`, if it is one of which there is but one. */
  add(word, kind) {
    this.ask((words) => [...words.filter((one) => one !== word && !(kind && one.startsWith(kind))), word]);
  }

  undo(word) {
    this.ask((words) => words.filter((one) => one !== word));
  }

  /** Switch checkpoint i off, or restore it. */
  toggle(i) {
    if (!this.allows(i)) return;
    if (this.isOff(i)) this.undo(`off.${i}`);
    else this.add(`off.${i}`);
  }

  /** All that can be done to checkpoint i. */
  open(i) {
    if (!this.allows(i)) return;
    write(this.title, `Checkpoint ${i}`);
    const others = this.offer.read.filter((other) => other !== i);
    this.choices.replaceChildren(
      operations(
        "Read",
        operation(this.isOff(i) ? "Restore it" : "Switch it off", () => this.toggle(i)),
      ),
      operations(
        "Multiply by",
        ...FACTORS.map((x) =>
          operation(minus(x), () => this.add(`scale.${i}.${x.toFixed(1)}`, `scale.${i}.`), `Multiply by ${minus(x)}`),
        ),
      ),
      ...(this.offer.gated
        ? [
            operations(
              "Hold the gate at",
              ...GATES.map((x) =>
                operation(x, () => this.add(`freeze.${i}.${x.toFixed(1)}`, `freeze.${i}.`), `Hold the gate at ${x}`),
              ),
            ),
          ]
        : []),
      ...(others.length
        ? [
            operations(
              "Swap with",
              ...others.map((j) => operation(j, () => this.add(`swap.${i}.${j}`), `Swap with ${j}`)),
            ),
          ]
        : []),
    );
    this.menu.showModal();
  }

  /** Whether checkpoint i can be operated on; if not, say why. */
  allows(i) {
    if (!this.offer) return false;
    if (this.can(i)) return true;
    this.stepper.say(i < 0 ? "choose a checkpoint first, with [ and ]" : `no token reads checkpoint ${i}`);
    return false;
  }

  paint() {
    const edits = this.offer?.edits ?? [];
    const said = JSON.stringify(edits);
    show(this.node, edits.length > 0);
    if (said === this.said) return;
    this.said = said;
    this.list.replaceChildren(
      ...edits.map(({ word, says }) =>
        el(
          "li",
          {},
          says,
          operation("Undo", () => this.undo(word), `Undo: ${says}`),
        ),
      ),
      ...(edits.length > 1
        ? [
            el(
              "li",
              {},
              operation("Undo all", () => this.ask(() => [])),
            ),
          ]
        : []),
    );
  }
}
