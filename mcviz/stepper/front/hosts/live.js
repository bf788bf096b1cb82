/* A film while it grows: its newest frames are fetched, and nothing else of the page is drawn for them. */

/** Milliseconds from one look to the next: two pictures a second, and little more, which would cost the training speed. */
const PACE = 440;

export class Live {
  /** Looks at `address`, below which are payloads from a frame on; `works` once there were some. */
  constructor(address, stepper) {
    Object.assign(this, { address, stepper, works: false, stop: new AbortController() });
    this.next(0);
  }

  next(wait) {
    this.timer = setTimeout(() => this.look(), wait);
  }

  /** Where nobody answers so, another way brings the frames. */
  async look() {
    const began = performance.now();
    if (!document.hidden) this.works = await this.take().catch(() => false);
    if (this.works || document.hidden) this.next(Math.max(0, PACE - (performance.now() - began)));
    else this.end();
  }

  /** Take in the frames from the last one at hand on, which may have been that of a moment. */
  async take() {
    const last = (this.stepper.film?.length ?? 1) - 1;
    const answer = await fetch(`${this.address}/${last}`, { signal: this.stop.signal });
    if (answer.headers.get("content-type") !== "application/octet-stream") return false;
    const bytes = new Uint8Array(await answer.arrayBuffer());
    if (!this.stop.signal.aborted) this.stepper.open(bytes);
    return true;
  }

  get ended() {
    return this.stop.signal.aborted;
  }

  end() {
    this.works = false;
    this.stop.abort();
    clearTimeout(this.timer);
  }
}
