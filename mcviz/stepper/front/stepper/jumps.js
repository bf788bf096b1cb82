/* Places to go that are not the next token. */

/** The beginning of this segment or of the one before, or that of the next. */
export function toSegment(stepper, by) {
  const { T, run } = stepper;
  const { step } = stepper.state;
  const s = run.own[step];
  const starts = [...run.segments.map(([start]) => start), T - 1];
  stepper.go({ step: starts[by > 0 ? s + 1 : Math.max(0, s - (step === starts[s]))] });
}

export function toEvent(stepper, by) {
  const { step, head } = stepper.state;
  const t = stepper.events.find(step, by, stepper.T, head);
  if (t >= 0) stepper.go({ step: t });
  else stepper.say(`no ${by > 0 ? "later" : "earlier"} token: ${stepper.events.name}`);
}

/** Where the answer to this token stands, and back. */
export function toAnswer(stepper) {
  const { run, came } = stepper;
  const { step } = stepper.state;
  if (run.source(step) >= 0) stepper.go({ step: run.source(step) });
  else if (came !== undefined && run.source(came) === step) stepper.go({ step: came });
  else stepper.say("nothing is asked at this token");
}

export function toBookmark(stepper, by) {
  const { step } = stepper.state;
  const ahead = [...stepper.bookmarks].filter((t) => (t - step) * by > 0);
  if (!ahead.length) stepper.say(`no ${by > 0 ? "later" : "earlier"} bookmark; b sets one`);
  else stepper.go({ step: by > 0 ? Math.min(...ahead) : Math.max(...ahead) });
}

/** Set a bookmark at this token, or take it away. */
export function bookmark(stepper) {
  const { step } = stepper.state;
  if (!stepper.bookmarks.delete(step)) stepper.bookmarks.add(step);
  stepper.options.onBookmarks?.([...stepper.bookmarks]);
  stepper.go({});
}

/** Inspect the memory before, or after. */
export function toMemory(stepper, by) {
  const { step, segment } = stepper.state;
  const own = stepper.run.own[step];
  const next = (segment < 0 ? own : segment) + by;
  stepper.go({ segment: by < 0 ? Math.max(0, next) : Math.min(own, next) });
}
