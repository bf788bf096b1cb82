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
  /** `runs` are all that `run` may become: the frames of a film. */
  constructor(run, runs = [run]) {
    const { H, T } = run;
    this.run = run;
    this.threshold = 1;
    const happens = {
      boundary: ({ a }, t) => a["events.boundary"].at(t) === 1,
      selection: ({ a }, t, h) => a["events.selection"].at(t * H + h) === 1,
      entropy: ({ a }, t, h) => a["events.entropy"].at(t * H + h) > this.threshold,
      question: (now, t) => now.asks(t),
      wrong: (now, t) => now.isWrong(t),
    };
    const tokens = Array.from({ length: T }, (_, t) => t);
    const occurs = (test) => runs.some((each) => tokens.some((t) => test(each, t, 0)));
    const known = Object.entries(happens).filter(([kind, test]) =>
      kind === "entropy" ? run.a["events.entropy"] : occurs(test),
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
    for (let t = step + by; t >= 0 && t < end; t += by) if (test(this.run, t, Math.min(head, this.run.H - 1))) return t;
    return -1;
  }
}
