/* The colours that the stylesheet settles on, for the canvases. */

import { el } from "../drawing/dom.js";

const COLOURS = ["fg", "muted", "line", "band", "gate", "online", "truth", "wrong", "positive", "negative"];

/** Colours as [r, g, b], and in `css` as text; also marks `root` as light or dark. */
export function readColours(root) {
  const ground = readColour(root, "bg");
  root.dataset.theme = 0.299 * ground[0] + 0.587 * ground[1] + 0.114 * ground[2] < 128 ? "dark" : "light";
  const values = Object.fromEntries(COLOURS.map((name) => [name, readColour(root, name)]));
  const css = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, `rgb(${value.join(" ")})`]));
  const { gate, wrong, positive, negative, fg } = values;
  return { css, line: css.line, band: css.band, gate, wrong, ground: fg, positive, negative };
}

function readColour(root, name) {
  const probe = el("i", {});
  probe.style.color = `var(--${name})`;
  root.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
}
