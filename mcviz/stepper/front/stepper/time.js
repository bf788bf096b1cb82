/* Playing. */

export const SPEEDS = [1, 2, 5, 10, 20, 30, 60];

/** Time that goes on by itself along an axis, "step" for tokens: so many of them a second. `controls()` has its button. */
export class Time {
  constructor(stepper, axis, controls) {
    this.stepper = stepper;
    this.axis = axis;
    this.controls = controls;
    this.playing = false;
    this.speed = 5;
  }

  play(on = !this.playing) {
    const { stepper, axis } = this;
    if (on === this.playing || !stepper.views.length) return;
    this.playing = on;
    this.controls().showPlaying(on);
    if (!on) {
      stepper.go({});
      return;
    }
    if (this.atEnd()) stepper.go({ [axis]: 0 });
    let last = performance.now();
    let due = 0;
    const tick = (now) => {
      if (!this.playing || stepper.stop.signal.aborted) return;
      due += ((now - last) * this.speed) / 1000;
      last = now;
      const steps = Math.floor(due);
      due -= steps;
      if (steps > 0) stepper.go({ [axis]: stepper.state[axis] + steps });
      if (this.atEnd()) this.play(false);
      else requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  atEnd() {
    return this.stepper.state[this.axis] >= this.stepper.lengths[this.axis] - 1;
  }

  setSpeed(speed) {
    this.speed = speed;
    this.controls().speed.value = speed;
  }

  faster(by) {
    this.setSpeed(SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, SPEEDS.indexOf(this.speed) + by))]);
  }
}
