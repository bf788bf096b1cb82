/* What happens at a token, in words. */

import { el } from "../drawing/dom.js";
import { clipped, count, format } from "../drawing/text.js";

/** One sentence that says what happens at this token, with its numbers. */
export class Story {
  constructor(view) {
    this.view = view;
    this.node = el("p", { class: "story", "aria-live": "polite" });
  }

  paint(run, { t, h }) {
    this.node.setAttribute("aria-live", this.view.playing ? "off" : "polite");
    const own = run.own[t];
    const best = run.heaviest(t, h)[0];
    const name = (i) => (i === own ? "its own segment" : `checkpoint ${i}`);
    const parts = [
      "Token ",
      el("b", { dir: "auto" }, clipped(run.label(t))),
      run.tokens.length ? ` (${t})` : "",
      ` of segment ${own} `,
    ];
    const read = run.memoriesRead(t, h).filter((i) => i < own);
    if (!own) parts.push("has no checkpoint to read yet. ");
    else if (!read.length)
      parts.push(`reads its online memory alone; ${count(own, "checkpoint")} stay${own === 1 ? "s" : ""} shut. `);
    else if (read.length === own) parts.push(`reads ${own === 1 ? "the one checkpoint" : `all ${own} checkpoints`}. `);
    else {
      const shown = read.length > 6 ? `${read.slice(0, 6).join(", ")} …` : read.join(", ");
      parts.push(`reads `, el("b", {}, `checkpoint${read.length > 1 ? "s" : ""} ${shown}`), ` of ${own}. `);
    }
    const source = run.source(t);
    const gates = run.compares && own > 0;
    if (gates) parts.push("The largest gate, ", el("b", {}, format(run.weight(t, h, best))), `, is on ${name(best)}`);
    if (source >= 0) {
      const at = run.own[source];
      const there =
        gates && at === best
          ? ": there the answer stands"
          : `${gates ? ". The" : "The"} answer stands in ${name(at)}` +
            (gates ? `, gate ${format(run.weight(t, h, at))}` : "");
      parts.push(there, ", ", el("span", { class: "truth" }, `★ token ${source}`), ". ");
    } else if (gates) parts.push(". ");
    if (run.target(t)) {
      const said = run.predictions.tokens[t][0];
      const right = said === run.target(t);
      parts.push("The model says ", el("b", { class: right ? "truth" : "wrong" }, `${right ? "✓" : "✗"} ${clipped(said)}`));
      parts.push(right ? "." : `, and ${clipped(run.target(t))} is right.`);
    }
    if (run.diverged_at !== null && t >= run.diverged_at) {
      parts.push(
        el("b", { class: "wrong" }, ` This run diverged: from token ${run.diverged_at} on its numbers are not finite.`),
      );
    }
    this.node.replaceChildren(...parts);
  }
}
