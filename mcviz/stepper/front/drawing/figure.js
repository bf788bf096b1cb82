/* What stands on the page as a drawing: boxes, borders, lines of text, canvases and paths, where and as they stand. */

import { svg, zoomOf } from "./dom.js";
import { letters } from "./text.js";

const DASHES = { dashed: "4 3", dotted: "1.5 2" };
const pen = { context: null, colours: new Map() };

/** An element and all that is in it, as SVG elements whose origin is `home`, a rectangle of the page. */
export function drawingOf(node, home) {
  const drawing = svg("g");
  visit(node, { into: drawing, home, zoom: zoomOf(node), lines: [] });
  return drawing;
}

function visit(node, place) {
  const style = getComputedStyle(node);
  if (node.hidden || style.display === "none" || style.visibility === "hidden" || style.opacity === "0") return;
  const box = node.getBoundingClientRect();
  const at = snapped(box, place.home);
  const into = style.opacity === "1" ? place.into : svg("g", { opacity: style.opacity });
  if (into !== place.into) place.into.append(into);
  if (node instanceof SVGSVGElement) {
    into.append(pathsOf(node, at));
    return;
  }
  if (at.w && at.h) into.append(...frameOf(style, at, place.zoom));
  if (node instanceof HTMLCanvasElement && node.width && node.height) {
    const image = { x: at.x, y: at.y, width: at.w, height: at.h, preserveAspectRatio: "none" };
    into.append(svg("image", { ...image, href: node.toDataURL() }));
  }
  const lines = style.textDecorationLine.includes("underline") ? [...place.lines, underlineOf(style)] : place.lines;
  const cut = style.overflowX === "visible" ? Infinity : box.right;
  for (const child of node.childNodes) {
    if (child.nodeType === Node.ELEMENT_NODE) visit(child, { ...place, into, lines });
    else if (child.nodeType === Node.TEXT_NODE && child.data.trim()) {
      for (const line of linesOf(child, cut, style)) into.append(...textOf(line, style, { ...place, lines }));
    }
  }
}

/** Where a box stands once it is drawn: at whole pixels of the screen. */
function snapped({ left, top, right, bottom }, home) {
  const [x, y, r, b] = [left, top, right, bottom].map(snap);
  return { x: x - snap(home.left), y: y - snap(home.top), w: r - x, h: b - y };
}

function snap(x) {
  const ratio = globalThis.devicePixelRatio || 1;
  return Math.round(x * ratio) / ratio;
}

/** A colour as [text, opacity]: figures are read by programs that know no others than red, green and blue. */
function colourOf(text) {
  if (!pen.colours.has(text)) {
    const context = contextOf();
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = text;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    pen.colours.set(text, [`rgb(${r}, ${g}, ${b})`, a / 255]);
  }
  return pen.colours.get(text);
}

function contextOf() {
  pen.context ??= document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  return pen.context;
}

const pixels = (text) => parseFloat(text) || 0;

const arc = (r, dx, dy) => `a${r},${r} 0 0 1 ${dx},${dy}`;

/** A rectangle with corners [top left, top right, bottom right, bottom left] as a path. */
function rounded({ x, y, w, h }, corners) {
  const most = Math.min(w, h) / 2;
  const [a, b, c, d] = corners.map((r) => Math.max(0, Math.min(r, most)));
  const [above, below] = [
    `h${w - a - b} ${arc(b, b, b)} v${h - b - c}`,
    `h${c + d - w} ${arc(d, -d, -d)} v${d + a - h}`,
  ];
  return `M${x + a},${y} ${above} ${arc(c, -c, c)} ${below} ${arc(a, a, -a)} z`;
}

const grown = ({ x, y, w, h }, by) => ({ x: x - by, y: y - by, w: w + 2 * by, h: h + 2 * by });

/** A shadow without blur, beside or inside, the ground, borders and the outline of a box. */
function frameOf(style, at, zoom) {
  const shapes = [];
  const corners = ["TopLeft", "TopRight", "BottomRight", "BottomLeft"].map(
    (corner) => zoom * pixels(style[`border${corner}Radius`]),
  );
  const fill = (shape, colour, r = corners) => {
    const [text, opacity] = colourOf(colour);
    if (opacity && shape.w > 0 && shape.h > 0) {
      shapes.push(svg("path", { d: rounded(shape, r), fill: text, "fill-opacity": opacity }));
    }
  };
  const stroke = (shape, width, colour, kind, r) => {
    const [text, opacity] = colourOf(colour);
    if (!opacity || !width || kind === "none") return;
    const dash = DASHES[kind] ? { "stroke-dasharray": DASHES[kind] } : {};
    const path = { d: rounded(shape, r), fill: "none", stroke: text, "stroke-opacity": opacity, "stroke-width": width };
    shapes.push(svg("path", { ...path, ...dash }));
  };
  const shadow = /^(.*\)) (-?[\d.]+)px (-?[\d.]+)px 0px (-?[\d.]+)px( inset)?$/.exec(style.boxShadow);
  if (shadow && !shadow[5]) {
    // what lies under the box is not drawn: it may be seen through
    const dx = zoom * pixels(shadow[2]);
    fill({ ...at, x: dx < 0 ? at.x + dx : at.x + at.w, w: Math.abs(dx) }, shadow[1], [0, 0, 0, 0]);
  }
  fill(at, style.backgroundColor);
  if (shadow?.[5]) {
    const dy = zoom * pixels(shadow[3]);
    fill({ ...at, y: dy < 0 ? at.y + at.h + dy : at.y, h: Math.abs(dy) }, shadow[1], [0, 0, 0, 0]);
  }
  const sides = ["Top", "Right", "Bottom", "Left"].map((side) => ({
    width: style[`border${side}Style`] === "none" ? 0 : zoom * pixels(style[`border${side}Width`]),
    colour: style[`border${side}Color`],
    kind: style[`border${side}Style`],
  }));
  const [top, right, bottom, left] = sides;
  if (sides.every((side) => side.width === top.width && side.colour === top.colour && side.kind === top.kind)) {
    stroke(grown(at, -top.width / 2), top.width, top.colour, top.kind, corners);
  } else {
    const none = [0, 0, 0, 0];
    fill({ ...at, h: top.width }, top.colour, none);
    fill({ ...at, x: at.x + at.w - right.width, w: right.width }, right.colour, none);
    fill({ ...at, y: at.y + at.h - bottom.width, h: bottom.width }, bottom.colour, none);
    fill({ ...at, w: left.width }, left.colour, none);
  }
  if (style.outlineStyle !== "none") {
    const width = zoom * pixels(style.outlineWidth);
    const away = zoom * pixels(style.outlineOffset) + width / 2;
    const r = corners.map((corner) => corner + away);
    stroke(grown(at, away), width, style.outlineColor, style.outlineStyle, r);
  }
  return shapes;
}

/** The paths of an SVG on the page, as they look. */
function pathsOf(node, { x, y, w }) {
  const scale = w / (node.viewBox.baseVal?.width || node.width.baseVal.value || w);
  const group = svg("g", { transform: `translate(${x} ${y}) scale(${scale || 1})` });
  for (const path of node.querySelectorAll("path:not([hidden])")) {
    const look = getComputedStyle(path);
    if (look.display === "none" || node.hasAttribute("hidden")) continue;
    const [fill, stroke] = [look.fill, look.stroke].map((text) => (text === "none" ? text : colourOf(text)[0]));
    const dash = look.strokeDasharray === "none" ? {} : { "stroke-dasharray": look.strokeDasharray };
    const width = look.strokeWidth.replace("px", "");
    const d = path.getAttribute("d") ?? "";
    group.append(svg("path", { d, fill, stroke, "stroke-width": width, opacity: look.opacity, ...dash }));
  }
  return group;
}

/** The lines that a text node takes on the page, as far as they are seen left of `cut`: {text, left, right, top, height}. */
function linesOf(node, cut, style) {
  const range = document.createRange();
  const lines = [];
  let at = 0;
  for (const letter of letters(node.data)) {
    range.setStart(node, at);
    at += letter.length;
    range.setEnd(node, at);
    const box = range.getBoundingClientRect();
    if (!box.width) continue;
    const last = lines.at(-1);
    if (!last || Math.abs(box.top - last.top) > box.height / 2) {
      const { top, height, left, right } = box;
      lines.push({ text: /\s/.test(letter) ? " " : letter, left, right, top, height, over: right > cut + 0.5 });
    } else if (box.right > cut + 0.5) last.over = true;
    else {
      last.text += /\s/.test(letter) ? " " : letter;
      last.right = box.right;
    }
  }
  for (const line of lines) {
    if (line.over && style.textOverflow === "ellipsis") line.text = `${letters(line.text).slice(0, -1).join("")}…`;
  }
  return lines.filter((line) => line.text.trim() && line.left < cut);
}

function underlineOf(style) {
  const size = pixels(style.fontSize);
  const thickness = pixels(style.textDecorationThickness) || Math.max(1, size / 16);
  const offset = style.textUnderlineOffset === "auto" ? size / 9 : pixels(style.textUnderlineOffset);
  return { colour: style.textDecorationColor, kind: style.textDecorationStyle, thickness, offset };
}

/** A line of text, and what is drawn under it. */
function textOf({ text, left, right, top, height }, style, { home, zoom, lines }) {
  const context = contextOf();
  context.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  const { fontBoundingBoxAscent: ascent, fontBoundingBoxDescent: descent } = context.measureText("x");
  const baseline = snap(top) + Math.round((height * ascent) / (ascent + descent || 1));
  const [x, y] = [left - snap(home.left), baseline - snap(home.top)];
  const [fill, opacity] = colourOf(style.color);
  const font = {
    "font-family": style.fontFamily.replaceAll('"', "'"),
    "font-size": zoom * pixels(style.fontSize),
    "font-weight": style.fontWeight,
    "font-style": style.fontStyle,
  };
  const width = { textLength: right - left, lengthAdjust: "spacingAndGlyphs" };
  const shape = svg("text", { x, y, fill, "fill-opacity": opacity, "xml:space": "preserve", ...font, ...width }, text);
  return [...lines.map((line) => underline(line, x, y, right - left, zoom)), shape];
}

function underline({ colour, kind, thickness, offset }, x, y, w, zoom) {
  const [stroke, opacity] = colourOf(colour);
  const [thick, below] = [zoom * thickness, y + zoom * (offset + thickness / 2)];
  const wave = 2 * thick;
  const waves = `q${wave / 2},${-wave} ${wave},0 t${wave},0 `.repeat(Math.ceil(w / (2 * wave)));
  const d = kind === "wavy" ? `M${x},${below} ${waves}` : `M${x},${below} h${w}`;
  const dash = kind === "dotted" ? { "stroke-dasharray": `${thick} ${thick}` } : {};
  return svg("path", { d, fill: "none", stroke, "stroke-opacity": opacity, "stroke-width": thick, ...dash });
}
