/* What is not as it was in the frame of training before, in words. */

import { el } from "../drawing/dom.js";
import { clipped, portion, visible } from "../drawing/text.js";

const word = (text) => el("b", { dir: "auto" }, clipped(visible(text)));

/** The gate that changed most. */
export function gateChange(was, run, t, h) {
  const away = (i) => Math.abs(run.weight(t, h, i) - was.weight(t, h, i)) || 0;
  let most = 0;
  for (let i = 1; i <= run.own[t]; i++) if (away(i) > away(most)) most = i;
  const [before, now] = [was, run].map((one) => portion(one.weight(t, h, most)));
  if (before === now) return ["every gate is as it was to three digits; "];
  return [
    `the gate on ${run.memoryName(t, most)} went from `,
    el("span", { class: "number", "data-number": "gate-was" }, before),
    " to ",
    el("b", { class: "number", "data-number": "gate-now" }, now),
    "; ",
  ];
}

/** What the model says, and what it said. */
export function saidChange(was, run, t) {
  if (run.veils(t)) return ["its answer is hidden."];
  if (!run.predictions) return ["it has no prediction."];
  const [before, now] = [was, run].map((one) => one.predictions.tokens[t][0]);
  const target = run.target(t);
  const mark = target ? (now === target ? " ✓" : " ✗") : "";
  if (before === now) return ["it still says ", word(now), `${mark}.`];
  return ["it said ", clipped(visible(before)), ", and now ", word(now), `${mark}.`];
}
