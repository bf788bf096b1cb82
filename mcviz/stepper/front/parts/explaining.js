/* What the parts share to explain a number: its equation with numbers in place of symbols, printed, never computed. */

import { format } from "../drawing/text.js";

/** A sum, cut short where it is long. */
export function sum(terms) {
  return (terms.length > 8 ? [...terms.slice(0, 7), `… (${terms.length - 7} more)`] : terms).join(" + ");
}

/** A number as a factor. */
export function factor(x) {
  return x < 0 ? `(${format(x)})` : format(x);
}

export function valueOf(vector, c) {
  return vector.numbers.at(vector.start + c);
}

/** A memory as a superscript: s is the online one. */
export function superscript(run, t, i) {
  return `^(${i === run.own[t] ? "s" : i})`;
}

/** A cell of a grid; NaN where the grid is not at hand. */
export function cellOf(grid, r, c) {
  return grid ? grid.numbers.at(grid.place(r, c)) : NaN;
}

/** The indices of a cell, as the equations have them. */
export function spotOf(picture, r, c) {
  return picture.turned ? `[${c}, ${r}]` : `[${r}, ${c}]`;
}
