/* The view as a figure to keep. */

import { el, svg, zoomOf } from "../drawing/dom.js";
import { drawingOf } from "../drawing/figure.js";
import { visible } from "../drawing/text.js";

const MARGIN = 16;
const HEAD = 40;
const FOOT = 32;

/** Hand the reader the view as "png" or "svg". */
export async function save(stepper, kind) {
  await stepper.hashes.known();
  const name = `${(stepper.run.title || "mcviz").replace(/[^\w-]+/g, "-")}-token-${stepper.state.step}.${kind}`;
  const text = stepper.figure();
  const blob = kind === "png" ? await rasterised(text) : new Blob([text], { type: "image/svg+xml" });
  const link = el("a", { download: name, href: URL.createObjectURL(blob) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** An SVG as a PNG, at twice its size. */
async function rasterised(text) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [2 * image.width, 2 * image.height];
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => {
    canvas.toBlob(done, "image/png");
  });
}

/** The view as the text of an SVG. */
export function figureText(stepper) {
  return new XMLSerializer().serializeToString(figureOf(stepper));
}

/** The runs as they stand on the page, without the toolbar, between a title and a line that says what they are. */
function figureOf(stepper) {
  const nodes = [stepper.difference?.node, ...stepper.views.map((view) => view.node)].filter(Boolean);
  const home = around(nodes);
  const { backgroundColor, color, fontFamily } = getComputedStyle(stepper.root);
  const [width, height] = [home.width + 2 * MARGIN, home.height + HEAD + FOOT];
  const line = (x, y, size, weight, text) =>
    svg("text", { x, y, fill: color, "font-size": size, "font-weight": weight, "xml:space": "preserve" }, text);
  const zoom = zoomOf(stepper.root);
  return svg(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      width: Math.ceil(width),
      height: Math.ceil(height),
      "font-family": fontFamily.replaceAll('"', "'"),
    },
    svg("title", {}, titleOf(stepper)),
    svg("rect", { width: "100%", height: "100%", fill: backgroundColor }),
    line(MARGIN, HEAD - 14, 16 * Math.min(zoom, 1.5), 650, titleOf(stepper)),
    svg(
      "g",
      { class: "drawn", transform: `translate(${MARGIN} ${HEAD})` },
      ...nodes.map((node) => drawingOf(node, home)),
    ),
    line(MARGIN, height - 12, 11 * Math.min(zoom, 1.5), 400, captionOf(stepper)),
  );
}

/** The rectangle around elements. */
function around(nodes) {
  const boxes = nodes.map((node) => node.getBoundingClientRect());
  const [left, top] = ["left", "top"].map((side) => Math.min(...boxes.map((box) => box[side])));
  const [right, bottom] = ["right", "bottom"].map((side) => Math.max(...boxes.map((box) => box[side])));
  return { left, top, width: right - left, height: bottom - top };
}

function titleOf({ views }) {
  return views.map(({ run }) => run.title || "Memory Caching, step by step").join(" and ");
}

function captionOf({ run, views, state }) {
  const { t, h } = views[0].at;
  const word = run.tokens.length ? ` “${visible(run.label(t))}”` : "";
  const hashes = views.map((view) => view.run.hash.slice(0, 12)).join(" and ");
  const head = run.H > 1 ? `, head ${h}` : "";
  return `Token ${state.step}${word} of ${run.T}${head}. Numbers of the Trace ${hashes}, drawn by mcviz. Memory Caching: arXiv 2602.24281.`;
}
