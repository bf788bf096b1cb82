/* Numbers and symbols as text. */

import { el } from "./dom.js";

/** A number as the view shows it: three digits behind the point, fewer for large ones. */
export function format(x) {
  if (Number.isNaN(x)) return "NaN";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  const size = Math.abs(x);
  const text =
    size === 0
      ? "0"
      : size >= 1e4 || size < 5e-4
        ? x.toExponential(1)
        : x.toFixed(size >= 100 ? 1 : size >= 10 ? 2 : 3);
  return text.replaceAll("-", "−");
}

/** A gate or a probability as the view shows it: one of which three digits show nothing is less than what they can. */
export function portion(x) {
  return x > 0 && x < 5e-4 ? "<0.001" : format(x);
}

const PERCENT = "\u00a0%"; // no line ends between the two

/** A share as the view shows it: in percent, with a digit behind the point where it is small. */
export function percent(x) {
  if (!Number.isFinite(x)) return "–";
  const [size, hundred] = [Math.abs(100 * x), 100 * x];
  if (size >= 1e4) return `${hundred.toExponential(1).replaceAll("-", "−")}${PERCENT}`;
  const text = size >= 9.95 ? hundred.toFixed(0) : size >= 0.05 ? hundred.toFixed(1) : "0";
  return `${text.replace("-", "−")}${PERCENT}`;
}

/** Numbers in order, with runs of three or more as a range: 0–2, 4, 5. */
export function ranges(numbers) {
  const runs = [];
  for (const n of numbers) {
    const last = runs.at(-1);
    if (last && n === last.at(-1) + 1) last.push(n);
    else runs.push([n]);
  }
  return runs.map((run) => (run.length > 2 ? `${run[0]}–${run.at(-1)}` : run.join(", "))).join(", ");
}

/** A label as it can be seen: a blank, a line's end and a tab have a sign. */
export function visible(label) {
  return /\S/.test(label)
    ? label
    : label
        .replace(/\n|\r\n?/g, "⏎")
        .replace(/\t/g, "⇥")
        .replace(/\s/g, "␣");
}

const segmenter = globalThis.Intl?.Segmenter && new Intl.Segmenter("en", { granularity: "grapheme" });

/** What a reader takes for one letter each, be it joined of many characters. */
export function letters(text) {
  return segmenter ? Array.from(segmenter.segment(text), ({ segment }) => segment) : Array.from(text);
}

/** A number with all the digits that are stored. */
export function exact(x, digits = 7) {
  if (!Number.isFinite(x)) return format(x);
  return (digits < 7 ? "≈ " : "") + String(Number(x.toPrecision(digits))).replaceAll("-", "−");
}

/** A label in a sentence: one that would fill the screen ends in an ellipsis. */
export function clipped(label, most = 48) {
  if (label.length <= most) return label;
  return `${letters(label.slice(0, most)).slice(0, -1).join("")}…`; // the cut may have halved the last one
}

const SUBSCRIPT = /(_\{[^}]*\}|_[\w*]+|\^\([^)]*\)|\^\w)/;

/** Plain text with `_t`, `_{t−1}`, `_{i in R_t}`, `^(i)`, `^T` as nodes with sub- and superscripts. */
export function math(text) {
  return text.split(SUBSCRIPT).map((part) => {
    if (part[0] === "_") return el("sub", {}, ...math(part.slice(1).replace(/[{}]/g, "")));
    return part[0] === "^" ? el("sup", {}, part.slice(1)) : part;
  });
}

/** `1 read`, `2 reads` */
export function count(n, noun) {
  return `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
}

/** A label that explains itself: what the glossary says of a term is shown where it is pointed at (pointing.js). */
export function term(name, ...children) {
  return el("span", { class: "term", tabindex: "0", "data-term": name }, ...children);
}

/** A symbol of an equation, set as one. */
export function symbol(text) {
  return el("span", { class: "symbol" }, ...math(text));
}
