/* What happens at tokens. */

export const EVENTS = {
  boundary: "segment begins",
  selection: "selection changes",
  entropy: "gates spread",
  question: "question",
  wrong: "wrong answer",
};

/** The kinds of events that occur in a run, and the one that the reader follows. */
export class Events {
  constructor(run) {
    const { a, H, T } = run;
    this.run = run;
    this.threshold = 1;
    const happens = {
      boundary: (t) => a["events.boundary"].at(t) === 1,
      selection: (t, h) => a["events.selection"].at(t * H + h) === 1,
      entropy: (t, h) => a["events.entropy"].at(t * H + h) > this.threshold,
      question: (t) => run.asks(t),
      wrong: (t) => run.isWrong(t),
    };
    const occurs = (test) => Array.from({ length: T }, (_, t) => t).some((t) => test(t, 0));
    const known = Object.entries(happens).filter(([kind, test]) =>
      kind === "entropy" ? a["events.entropy"] : occurs(test),
    );
    this.happens = Object.fromEntries(known);
    this.kinds = Object.keys(this.happens);
    this.kind = this.kinds.includes("question") ? "question" : "boundary";
  }

  get name() {
    return EVENTS[this.kind];
  }

  /** The kind after the one that is followed. */
  get following() {
    return this.kinds[(this.kinds.indexOf(this.kind) + 1) % this.kinds.length] ?? this.kind;
  }

  /** The first token below `end`, from `step` in strides of `by`, at which it happens to a head; -1 for none. */
  find(step, by, end, head) {
    const test = this.happens[this.kind] ?? (() => false);
    for (let t = step + by; t >= 0 && t < end; t += by) if (test(t, Math.min(head, this.run.H - 1))) return t;
    return -1;
  }
}
