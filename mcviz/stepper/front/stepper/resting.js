/* When the reader comes to rest: then whoever hosts the stepper hears where. */

const REST = 250;

export class Resting {
  constructor(stepper) {
    this.stepper = stepper;
    this.moved = false;
  }

  /** Something moved: by itself, if `quiet`, or by the reader. */
  begin(quiet) {
    this.moved ||= !quiet;
    clearTimeout(this.timer);
    if (!this.stepper.playing) this.timer = setTimeout(() => this.tell(), REST);
  }

  /** Tell whoever hosts us, and whether it was the reader who moved. */
  tell() {
    clearTimeout(this.timer);
    const { options, state } = this.stepper;
    options.onRest?.({ ...state }, this.moved);
    this.moved = false;
  }

  /** What comes next counts on where the reader stands. */
  hurry() {
    if (this.moved) this.tell();
  }

  /** Hear what else the reader turns to, before it does: by pointer, by key, or by what reads the page to somebody. */
  listen(signal) {
    const turned = (event) => event.composedPath().includes(this.stepper.root) || this.hurry();
    for (const kind of ["pointerdown", "focusin", "click"]) addEventListener(kind, turned, { signal, capture: true });
  }

  end() {
    clearTimeout(this.timer);
  }
}
