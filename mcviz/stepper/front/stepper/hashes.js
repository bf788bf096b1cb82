/* What runs these are, for a payload that came without their hashes: a host may send them behind it. */

export class Hashes {
  constructor(stepper) {
    this.stepper = stepper;
    this.waiting = [];
  }

  /** Those of the runs of the payload of this id. */
  take(id, hashes) {
    if (id !== this.stepper.id) return;
    this.stepper.views.forEach(({ run }, i) => {
      run.hash = hashes[i];
    });
    for (const go of this.waiting.splice(0)) go();
  }

  /** Wait until all are known. */
  async known() {
    while (this.stepper.views.some(({ run }) => !run.hash)) await new Promise((go) => this.waiting.push(go));
  }
}
