/* What happens at a token, in words. */

import { el } from "../drawing/dom.js";
import { clipped, count, percent, portion, ranges, visible } from "../drawing/text.js";

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
    const kept = run.aggregator === "none" ? "segment" : "checkpoint"; // nothing is kept of a plain network's
    const name = (i) => (run.one ? "its one memory" : i === own ? "its own segment" : `${kept} ${i}`);
    const parts = [
      "Token ",
      el("b", { dir: "auto" }, clipped(visible(run.label(t)))),
      run.tokens.length ? ` (${t})` : "",
      run.one ? " " : ` of segment ${own} `,
    ];
    const read = run.memoriesRead(t, h).filter((i) => i < own);
    if (run.one) parts.push("reads its one memory, as a plain recurrent network does. ");
    else if (!own) parts.push("has no checkpoint to read yet. ");
    else if (!read.length && run.aggregator === "none")
      parts.push("reads the memory that began with its segment, and no other. ");
    else if (!read.length)
      parts.push(`reads its online memory alone; ${count(own, "checkpoint")} stay${own === 1 ? "s" : ""} shut. `);
    else if (read.length === own) parts.push(`reads ${own === 1 ? "the one checkpoint" : `all ${own} checkpoints`}. `);
    else {
      const s = read.length > 1 ? "s" : "";
      parts.push(`reads `, el("b", {}, `checkpoint${s} ${ranges(read)}`), ` of ${own}. `);
    }
    const source = run.source(t);
    const gates = run.compares && own > 0;
    if (gates) {
      parts.push("The largest gate, ", el("b", {}, portion(run.weight(t, h, best))), `, is on ${name(best)}`);
      parts.push(...this.flow(run, { t, h }, best, name), ". ");
    } else if (read.length && run.a.shares) {
      const most = [...read, own].reduce((i, j) => (run.share(t, h, j) > run.share(t, h, i) ? j : i));
      const share = el("b", {}, percent(run.share(t, h, most)));
      parts.push("The largest share of the output, ", share, `, comes from ${name(most)}. `);
    }
    if (source >= 0 && run.untrained) parts.push(...this.unlearned(run, t, source, name));
    else if (source >= 0) {
      const at = run.own[source];
      parts.push(
        gates && at === best
          ? "There the answer stands, "
          : `The answer ${run.one ? "went into it" : `stands in ${name(at)}`}, `,
        el("span", { class: "truth" }, `★ token ${source}`),
        gates && at !== best ? `, gate ${portion(run.weight(t, h, at))}` : "",
        ...this.quote(run, t),
        ". ",
      );
    }
    if (run.target(t)) {
      const said = run.predictions.tokens[t][0];
      const right = said === run.target(t);
      parts.push(
        "The model says ",
        el("b", { class: right ? "truth" : "wrong" }, `${right ? "✓" : "✗"} ${clipped(visible(said))}`),
      );
      parts.push(right ? "." : `, and ${clipped(visible(run.target(t)))} is right.`);
    }
    if (run.diverged_at !== null && t >= run.diverged_at) {
      parts.push(
        el("b", { class: "wrong" }, ` This run diverged: from token ${run.diverged_at} on its numbers are not finite.`),
      );
    }
    this.node.replaceChildren(...parts);
  }

  /** How much of the output comes from the memory with the largest gate, and from another if that one adds more. */
  flow(run, { t, h }, best, name) {
    if (!run.a.shares) return ["; the networks are mixed before they are read, so no share of the output is one's own"];
    if (!Number.isFinite(run.share(t, h, best))) return [];
    const most = run.strongest(t, h)[0];
    const share = (i) => percent(run.share(t, h, i));
    if (most === best) return [", which adds ", el("b", {}, share(best)), " of the output"];
    return [", which adds ", share(best), " of the output; ", name(most), " adds ", el("b", {}, share(most))];
  }

  /** What would be right, of a network that nobody taught to find it. */
  unlearned(run, t, source, name) {
    const again = run.label(source - 1) === run.label(t);
    return [
      "The weights are random, and nobody taught the network to find ",
      el("span", { class: "truth" }, `★ token ${source}`),
      ", ",
      el("b", { class: "truth", dir: "auto" }, clipped(visible(run.label(source)))),
      again ? ", which followed the same word before, in " : ", which is the answer, in ",
      `${name(run.own[source])}. `,
    ];
  }

  /** What stands where the answer stands, word for word. */
  quote(run, t) {
    const [first, stop] = run.quote(t) ?? [0, 0];
    if (!stop) return [];
    const words = Array.from({ length: stop - first - 1 }, (_, n) => clipped(visible(run.label(first + n))));
    const answer = el("b", { class: "truth", dir: "auto" }, clipped(visible(run.label(stop - 1))));
    return [`. ${run.one ? "The text" : `Segment ${run.own[first]}`} says: “${words.join(" ")} `, answer, "”"];
  }
}
