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

/** A number with all the digits that are stored. */
export function exact(x, digits = 7) {
  if (!Number.isFinite(x)) return format(x);
  return (digits < 7 ? "≈ " : "") + String(Number(x.toPrecision(digits))).replaceAll("-", "−");
}

/** A label in a sentence: one that would fill the screen ends in an ellipsis. */
export function clipped(label, most = 48) {
  return label.length > most ? `${[...label.slice(0, most)].slice(0, -1).join("")}…` : label;
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

/** A symbol of an equation, set as one. */
export function symbol(text) {
  return el("span", { class: "symbol" }, ...math(text));
}
