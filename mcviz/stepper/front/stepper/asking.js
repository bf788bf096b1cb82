/* What the reader asks of the host: another run. (mcviz/stepper/asking.py says what goes to and fro.) */

import { el, show, write } from "../drawing/dom.js";

const BUSY = "running again …";

/** At most one request is under way. Of those that come meanwhile the newest waits, and the others are forgotten. */
export class Asking {
  constructor(stepper) {
    const { offers = {}, answered = 0 } = stepper.options;
    this.stepper = stepper;
    this.offers = offers;
    this.number = answered;
    this.under = null;
    this.waiting = null;
    this.node = el("p", { class: "asking", role: "status", hidden: true });
  }

  /** Ask for what `make` says by the time that it is sent: {kind: value}, or null for nothing after all.
   * `done(fulfilled)` is called after the answer. */
  ask(make, done = () => {}) {
    this.waiting = { make, done };
    if (this.under === null) this.send();
  }

  send() {
    const request = this.waiting?.make();
    this.done = this.waiting?.done;
    this.waiting = null;
    if (!request) return;
    this.stepper.resting.hurry();
    this.under = this.number += 1;
    this.say(BUSY);
    this.stepper.root.setAttribute("aria-busy", "true");
    this.stepper.options.onAsk({ number: this.under, ...request });
  }

  /** What the host answers, after it has shown what the request led to; or why it did not. */
  answer({ answered, problem = "" }) {
    if (answered !== this.under) return;
    this.under = null;
    this.stepper.root.removeAttribute("aria-busy");
    this.say(problem, Boolean(problem));
    if (problem) this.waiting = null;
    this.done(!problem);
    this.send();
  }

  say(text, problem = false) {
    write(this.node, text);
    this.node.classList.toggle("problem", problem);
    show(this.node, Boolean(text));
  }
}
