/* Where the numbers of a memory come from. */

import { format, percent, visible } from "../../drawing/text.js";
import { factor, sum, superscript, valueOf } from "../explaining.js";

/** The memory that was picked; the one that weighs most where this token has no such memory. */
function picked(run, { t, h }, { i }) {
  return i === null || i === undefined || i > run.own[t] ? run.heaviest(t, h)[0] : i;
}

function explainScore(run, at, pick) {
  const { t, h } = at;
  const i = picked(run, at, pick);
  const r = format(run.score(t, h, i));
  const name = `r${superscript(run, t, i)}`;
  const as = run.weighedAs(t, i);
  const exchanged =
    as === i ? [] : [`exchanged with ${as}: the ${run.token_gate ? "age" : "context"} is that of checkpoint ${as}`];
  if (run.token_gate) {
    const age = as === i ? "this" : "that";
    return { key: "score", lines: [`${name} = ${r}, the connector's entry for ${age} age`, ...exchanged] };
  }
  const [asks, context] = [run.vector(run.connector, t, h), run.context(t, h, as)];
  const products = Array.from(
    { length: run.K },
    (_, c) => `${factor(valueOf(asks, c))}·${factor(valueOf(context, c))}`,
  );
  return { key: "score", lines: [`${name} = ${sum(products)}`, `= ${r}`, ...exchanged] };
}

function explainWeight(run, at, pick) {
  const { t, h } = at;
  const i = picked(run, at, pick);
  const read = run.isRead(t, h, i);
  const name = `γ${superscript(run, t, i)}`;
  const g = read ? format(run.weight(t, h, i)) : "0, it is not read";
  if (!run.compares) return { key: "weight", lines: [`${name} = ${g}`] };
  const r = format(run.score(t, h, i));
  if (!read) return { key: "weight", lines: [`${name} = ${g}`, `r${superscript(run, t, i)} = ${r}`] };
  const powers = run.memoriesRead(t, h).map((j) => `exp(${format(run.score(t, h, j))})`);
  return { key: "weight", lines: [`${name} = exp(${r}) / [${sum(powers)}]`, `= ${g}`] };
}

function explainShare(run, at, pick) {
  const { t, h } = at;
  const i = picked(run, at, pick);
  const share = `= ${percent(run.share(t, h, i))}`;
  const said = run.said(t, h, i);
  if (!run.isRead(t, h, i)) return { key: "share", lines: [`Memory ${i} is not read by this token: it adds 0.`] };
  if (!said) return { key: "share", lines: [share] };
  const y = run.vector("output", t, h);
  const entries = Array.from({ length: run.V }, (_, c) => c);
  const along = entries.map((c) => `${factor(valueOf(said, c))}·${factor(valueOf(y, c))}`);
  const whole = entries.map((c) => `${factor(valueOf(y, c))}²`);
  return { key: "share", lines: [`${format(run.weight(t, h, i))}·[${sum(along)}] / [${sum(whole)}]`, share] };
}

function explainAlone(run, at, pick) {
  const i = picked(run, at, pick);
  const said = run.alone(at.t, i);
  const name = `M${superscript(run, at.t, i)}(q_t)`;
  if (!said) return { key: "", lines: ["What the model would say from this memory alone is not known."] };
  return {
    key: "",
    lines: [
      `${name} in place of y_t, in every head: the model says ${visible(said.word)}`,
      `p(${visible(said.word)}) = ${format(said.probability)}, by the model's own last layers`,
    ],
  };
}

function explainRead(run, at, pick) {
  const { t, h } = at;
  const { c } = pick;
  const i = picked(run, at, pick);
  const said = run.said(t, h, i);
  if (!said) {
    const missing = "In a run of this size only the heaviest memories' words are carried along.";
    return { key: "read", lines: [run.isRead(t, h, i) ? missing : `Memory ${i} is not read by this token.`] };
  }
  const name = `M${superscript(run, t, i)}(q_t)[${c}]`;
  const y = format(valueOf(said, c));
  const [picture] = run.pictures;
  const grid = i === run.own[t] ? run.grid("states", picture, t, h) : run.grid("checkpoints", picture, i, h);
  if (!run.plain || !grid) return { key: "read", lines: [`${name} = ${y}`] };
  const q = run.vector("q", t, h);
  const row = Array.from({ length: run.K }, (_, k) => grid.numbers.at(grid.place(c, k)));
  return {
    key: "read",
    lines: [`${name} = ${sum(row.map((m, k) => `${factor(m)}·${factor(valueOf(q, k))}`))}`, `= ${y}`],
  };
}

export const EXPLAINED = {
  score: explainScore,
  weight: explainWeight,
  read: explainRead,
  share: explainShare,
  alone: explainAlone,
};
