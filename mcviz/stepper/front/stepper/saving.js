/* The view as a picture to keep. */

import { el, svg } from "../drawing/dom.js";

/** Hand the reader the view as "png" or "svg". */
export async function save(stepper, kind) {
  const name = `${(stepper.run.title || "mcviz").replace(/[^\w-]+/g, "-")}-token-${stepper.state.step}.${kind}`;
  const drawing = drawingOf(stepper.root, [stepper.pointing.tip, stepper.help, stepper.toolbar.status]);
  const text = new XMLSerializer().serializeToString(drawing);
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

/** The page below `root` as an SVG: boxes, text, canvases and paths, where they stand. */
function drawingOf(root, without) {
  const home = root.getBoundingClientRect();
  const drawing = svg("svg", {
    xmlns: "http://www.w3.org/2000/svg",
    width: Math.ceil(home.width),
    height: Math.ceil(root.scrollHeight),
    "font-family": "system-ui, sans-serif",
  });
  drawing.append(svg("rect", { width: "100%", height: "100%", fill: getComputedStyle(root).backgroundColor }));
  const visit = (node) => {
    if (without.includes(node) || node.hidden) return;
    const style = getComputedStyle(node);
    if (style.display === "none" || style.visibility === "hidden") return;
    const box = node.getBoundingClientRect();
    const at = { x: box.left - home.left, y: box.top - home.top };
    if (node instanceof SVGSVGElement) {
      drawing.append(pathsOf(node, box, at));
      return;
    }
    if (node !== root && box.width && box.height) drawing.append(...frameOf(style, box, at));
    if (node instanceof HTMLCanvasElement && node.width && node.height) {
      drawing.append(svg("image", { ...at, width: box.width, height: box.height, href: node.toDataURL() }));
    }
    if (node instanceof HTMLInputElement || node instanceof HTMLSelectElement) return;
    for (const child of node.childNodes) {
      if (child.nodeType === Node.ELEMENT_NODE) visit(child);
      else if (child.nodeType === Node.TEXT_NODE && child.data.trim()) drawing.append(...linesOf(child, style, home));
    }
  };
  visit(root);
  return drawing;
}

/** The paths of an SVG on the page, as they look. */
function pathsOf(node, box, { x, y }) {
  const scale = node.viewBox.baseVal?.width ? ` scale(${box.width / node.viewBox.baseVal.width})` : "";
  const group = svg("g", { transform: `translate(${x} ${y})${scale}` });
  for (const path of node.querySelectorAll("path:not([hidden])")) {
    const look = getComputedStyle(path);
    if (look.display === "none") continue;
    group.append(
      svg("path", {
        d: path.getAttribute("d") ?? "",
        fill: look.fill,
        stroke: look.stroke,
        "stroke-width": look.strokeWidth,
        opacity: look.opacity,
      }),
    );
  }
  return group;
}

/** The ground and the border of a box, if it has any. */
function frameOf(style, box, { x, y }) {
  const border = parseFloat(style.borderTopWidth) || 0;
  if (!border && style.backgroundColor === "rgba(0, 0, 0, 0)") return [];
  const shape = svg("rect", {
    x: x + border / 2,
    y: y + border / 2,
    width: Math.max(0, box.width - border),
    height: Math.max(0, box.height - border),
    rx: Math.min(parseFloat(style.borderTopLeftRadius) || 0, box.height / 2),
    fill: style.backgroundColor,
    stroke: border ? style.borderTopColor : "none",
    "stroke-width": border,
  });
  if (style.borderTopStyle === "dashed") shape.setAttribute("stroke-dasharray", "3 3");
  return [shape];
}

/** A text node as one SVG text for every line that it takes on the page. */
function linesOf(node, style, home) {
  const range = document.createRange();
  const found = [];
  let [from, top] = [0, null];
  const flush = (to) => {
    range.setStart(node, from);
    range.setEnd(node, to);
    const box = range.getBoundingClientRect();
    const text = range.toString().replace(/\s+/g, " ");
    if (!box.width || !text.trim()) return;
    found.push(
      svg(
        "text",
        {
          x: box.left - home.left,
          y: box.top - home.top + box.height * 0.78,
          fill: style.color,
          "font-size": style.fontSize,
          "font-weight": style.fontWeight,
          "font-style": style.fontStyle,
          textLength: box.width,
          lengthAdjust: "spacingAndGlyphs",
        },
        text,
      ),
    );
  };
  for (let i = 0; i < node.length; i++) {
    range.setStart(node, i);
    range.setEnd(node, i + 1);
    const box = range.getBoundingClientRect();
    if (!box.width) continue;
    if (top !== null && Math.abs(box.top - top) > box.height / 2) {
      flush(i);
      from = i;
    }
    top = box.top;
  }
  flush(node.length);
  return found;
}
