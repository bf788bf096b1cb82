/* The stepper: one run of Memory Caching, token by token.
 *
 * It draws the numbers of a payload (mcviz/stepper/payload.py) and computes nothing but positions and colours.
 * Text of the payload reaches the page through textContent alone.
 *
 *   payload -> decode -> Run -> View (parts, from top to bottom as the data flows) -> Stepper (time, keys, hosts)
 */

// ------------------------------------------------------------------------------------------------ payload

const MAGIC = "mcviz/1\n";
const UNDEFINED = -128;
const TYPES = {
  f8: Float64Array, f4: Float32Array, f2: Uint16Array, i4: Int32Array, i2: Int16Array, i1: Int8Array, u1: Uint8Array,
};

function fail(message) {
  throw new Error(`payload: ${message}`);
}

let halves = null;

/** The value of a float16 by its bits. */
function half(bits) {
  if (!halves) {
    halves = new Float32Array(65536);
    for (let b = 0; b < 65536; b++) {
      const exponent = (b >> 10) & 31;
      const fraction = b & 1023;
      const size = exponent === 0 ? fraction * 2 ** -24
        : exponent === 31 ? (fraction ? NaN : Infinity) : (1 + fraction / 1024) * 2 ** (exponent - 15);
      halves[b] = b >> 15 ? -size : size;
    }
  }
  return halves[bits];
}

/** An array of the payload, read as numbers whatever it is stored as. */
class Numbers {
  constructor(data, type, shape, unit) {
    this.data = data;
    this.type = type;
    this.shape = shape;
    this.unit = unit;
    this.digits = { f2: 3, i1: 2 }[type] ?? 7;
    this.largest = new Map();
  }

  at(i) {
    const x = this.data[i];
    if (this.type === "f2") return half(x);
    if (this.type === "i1") return x === UNDEFINED ? NaN : x * this.unit;
    return x;
  }

  /** The largest finite absolute value among `count` numbers from `start` in every `stride`: a scale to draw with. */
  extent(start = 0, count = this.data.length, stride = this.data.length) {
    const key = `${start},${count},${stride}`;
    if (!this.largest.has(key)) {
      let most = 0;
      for (let a = start; a < this.data.length; a += stride) {
        for (let i = a; i < a + count; i++) {
          const x = Math.abs(this.at(i));
          if (x > most && x < Infinity) most = x;
        }
      }
      this.largest.set(key, most || 1);
    }
    return this.largest.get(key);
  }
}

/** The header of a payload, and its bytes. */
function open(source) {
  let bytes = source instanceof Uint8Array ? source
    : ArrayBuffer.isView(source) ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
      : source instanceof ArrayBuffer ? new Uint8Array(source) : fail("expected bytes");
  if (bytes.byteOffset % 8) bytes = bytes.slice();
  const ascii = (a, b) => String.fromCharCode(...bytes.subarray(a, b));
  if (bytes.length < 16 || ascii(0, 8) !== MAGIC) fail("this is not a run packed by mcviz, or another version of it");
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(8, true));
  if (16 + length > bytes.length) fail("it is cut off in its header");
  let header;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(16, 16 + length)));
  } catch {
    fail("its header is damaged");
  }
  return { header, bytes };
}

/** `{runs, difference}` of a payload's bytes. Throws an Error that says what is wrong with them. */
export function decode(source) {
  try {
    return assemble(open(source));
  } catch (error) {
    if (error.message.startsWith("payload: ")) throw error;
    return fail("its parts do not fit together");
  }
}

function assemble({ header, bytes }) {
  if (!Array.isArray(header?.runs) || !header.runs.length || typeof header.arrays !== "object") {
    fail("its header holds no run");
  }
  const groups = readArrays(header, bytes);
  const runs = header.runs.map((meta, i) => new Run(meta, groups[i] ?? {}));
  return { id: header.id, runs, difference: header.difference && { ...header.difference, arrays: groups.difference } };
}

/** The arrays of a payload by group and name. */
function readArrays(header, bytes) {
  const groups = {};
  for (const [name, spec] of Object.entries(header.arrays)) {
    const type = TYPES[spec.type] ?? fail(`${name} has the unknown type ${spec.type}`);
    const count = spec.shape.reduce((a, b) => a * b, 1);
    const fits = Number.isInteger(spec.at) && spec.at >= 16 && spec.at % 8 === 0 && Number.isInteger(count)
      && spec.at + count * type.BYTES_PER_ELEMENT <= bytes.length;
    if (!fits) fail(`${name} is cut off`);
    const data = new type(bytes.buffer, bytes.byteOffset + spec.at, count);
    const dot = name.indexOf(".");
    const [group, member] = [name.slice(0, dot), name.slice(dot + 1)];
    const unit = header.runs?.[group]?.scales?.[member];
    (groups[group] ??= {})[member] = new Numbers(data, spec.type, spec.shape, unit);
  }
  return groups;
}

/** One run: its header, its arrays, and where in them a token's numbers stand. */
class Run {
  constructor(meta, arrays) {
    Object.assign(this, meta);
    this.a = arrays;
    const { T, H, N, K, V } = meta;
    if (![T, H, N, K, V].every((n) => Number.isInteger(n) && n > 0)) fail("its sizes are damaged");
    this.own = new Int32Array(T);
    let t = 0;
    meta.segments.forEach(([start, stop], s) => {
      if (start !== t || stop <= start || stop > T) fail("its segments are damaged");
      this.own.fill(s, start, stop);
      t = stop;
    });
    if (t !== T || meta.segments.length !== N) fail("its segments are damaged");
    this.row = new Int32Array(T + 1);
    for (t = 0; t < T; t++) this.row[t + 1] = this.row[t] + H * (this.own[t] + 1);
    const ragged = [this.row[T]];
    const expected = {
      scores: ragged, weights: ragged, read: ragged, q: [T, H, K], k: [T, H, K], v: [T, H, V], u: [T, H, K],
      output: [T, H, V], online_contexts: [T, H, K], checkpoint_contexts: [N, H, K],
      "events.boundary": [T], "events.selection": [T, H], "events.wrong": [T],
    };
    for (const [name, shape] of Object.entries(expected)) {
      const got = arrays[name]?.shape;
      if (!got || got.join() !== shape.join()) fail(`${name}: expected numbers [${shape}], got [${got ?? "none"}]`);
    }
    for (const labels of [meta.tokens, meta.sources]) {
      if (labels.length && labels.length !== T) fail("its labels are damaged");
    }
  }

  index(t, h, i) {
    return this.row[t] + h * (this.own[t] + 1) + i;
  }

  score(t, h, i) {
    return this.a.scores.at(this.index(t, h, i));
  }

  weight(t, h, i) {
    return this.a.weights.at(this.index(t, h, i));
  }

  isRead(t, h, i) {
    return this.a.read.at(this.index(t, h, i)) === 1;
  }

  /** Where in `reads.values` the answer of memory i stands, or -1. */
  said(t, h, i) {
    if (!this.a["reads.start"]) return -1;
    const [a, b] = [this.a["reads.start"].data[t * this.H + h], this.a["reads.start"].data[t * this.H + h + 1]];
    const memory = this.a["reads.memory"].data;
    for (let r = a; r < b; r++) if (memory[r] === i) return r * this.V;
    return -1;
  }

  label(t) {
    return this.tokens[t] ?? String(t);
  }

  source(t) {
    return this.sources[t] ?? -1;
  }

  target(t) {
    return this.predictions?.targets[t] ?? "";
  }

  /** The memories that weigh most, heaviest first. */
  heaviest(t, h) {
    const all = Array.from({ length: this.own[t] + 1 }, (_, i) => i).filter((i) => this.isRead(t, h, i));
    return all.sort((i, j) => this.weight(t, h, j) - this.weight(t, h, i) || j - i);
  }

  /** A vector of [T, H, n] numbers as {numbers, start, count}. */
  vector(name, t, h) {
    const numbers = this.a[name];
    const count = numbers.shape[2];
    return { numbers, start: (t * this.H + h) * count, count };
  }

  context(t, h, i) {
    if (i === this.own[t]) return this.vector("online_contexts", t, h);
    return { numbers: this.a.checkpoint_contexts, start: (i * this.H + h) * this.K, count: this.K };
  }

  /** Whether the online state at a token is at hand. */
  knows(t) {
    return Boolean(this.grid("states", this.pictures[0], t, 0));
  }

  /** An array of a state as a grid; `at` is a token for states, changes and mixed, a segment for checkpoints. */
  grid(group, picture, at, h) {
    const name = `${group}.${picture.name}`;
    const near = !this.a[name] && this.online && at >= this.online.start && at < this.online.stop;
    const numbers = near ? this.online.a[name] : this.a[name];
    if (!numbers) return null;
    const count = picture.rows * picture.columns;
    const start = ((near ? at - this.online.start : at) * this.H + h) * count;
    const place = picture.turned ? (r, c) => start + c * picture.rows + r : (r, c) => start + r * picture.columns + c;
    return { numbers, place, rows: picture.rows, columns: picture.columns, name: picture.name, turned: picture.turned,
      scale: numbers.extent(h * count, count, this.H * count) };
  }
}

// ------------------------------------------------------------------------------------------------ numbers and text

/** A number as the view shows it: three digits behind the point, fewer for large ones. */
export function format(x) {
  if (Number.isNaN(x)) return "NaN";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  const size = Math.abs(x);
  const text = size === 0 ? "0" : size >= 1e4 || size < 5e-4 ? x.toExponential(1)
    : x.toFixed(size >= 100 ? 1 : size >= 10 ? 2 : 3);
  return text.replaceAll("-", "−");
}

/** A number with all the digits that are stored. */
function exact(x, digits = 7) {
  if (!Number.isFinite(x)) return format(x);
  return (digits < 7 ? "≈ " : "") + String(Number(x.toPrecision(digits))).replaceAll("-", "−");
}

const SUBSCRIPT = /(_\{[^}]*\}|_[\w*]+|\^\([^)]*\)|\^\w)/;

/** Plain text with `_t`, `_{t−1}`, `^(i)`, `^T` as nodes with sub- and superscripts. */
function math(text) {
  return text.split(SUBSCRIPT).map((part) => {
    if (part[0] === "_") return el("sub", {}, part.slice(1).replace(/[{}]/g, ""));
    return part[0] === "^" ? el("sup", {}, part.slice(1)) : part;
  });
}

function count(n, noun) {
  return `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
}

// ------------------------------------------------------------------------------------------------ page

/** An element: attributes by name, `on…` handlers, properties in `props`. */
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Write text only where it changed: layout is what costs. */
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function show(node, visible) {
  if (node.hidden === visible) node.hidden = !visible;
}

function place(node, style) {
  for (const [name, value] of Object.entries(style)) if (node.style[name] !== value) node.style[name] = value;
}

/** A canvas's context, with the canvas fitted to w × h and to the screen's resolution. */
function fit(canvas, w, h) {
  const ratio = globalThis.devicePixelRatio || 1;
  const [pw, ph] = [Math.max(1, Math.round(w * ratio)), Math.max(1, Math.round(h * ratio))];
  if (canvas.width !== pw || canvas.height !== ph) {
    [canvas.width, canvas.height] = [pw, ph];
    place(canvas, { width: `${w}px`, height: `${h}px` });
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, w, h);
  context.imageSmoothingEnabled = false;
  return context;
}

// ------------------------------------------------------------------------------------------------ pictures

/** Signed numbers as pixels: hue is the sign, opacity the size, and what is not finite is solid. */
function pixel(data, at, x, scale, colours) {
  const [r, g, b] = Number.isFinite(x) ? (x < 0 ? colours.negative : colours.positive) : colours.wrong;
  data[at] = r;
  data[at + 1] = g;
  data[at + 2] = b;
  data[at + 3] = Number.isFinite(x) ? 255 * Math.min(1, Math.abs(x) / scale) ** 0.7 : 255;
}

const scratch = { canvas: null, image: null };

/** Draw a grid of numbers into a rectangle. */
function drawGrid(context, grid, x, y, w, h, colours) {
  const { rows, columns } = grid;
  scratch.canvas ??= document.createElement("canvas");
  if (scratch.canvas.width !== columns || scratch.canvas.height !== rows || !scratch.image) {
    [scratch.canvas.width, scratch.canvas.height] = [columns, rows];
    scratch.image = new ImageData(columns, rows);
  }
  const { data } = scratch.image;
  for (let r = 0, at = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++, at += 4) pixel(data, at, grid.numbers.at(grid.place(r, c)), grid.scale, colours);
  }
  scratch.canvas.getContext("2d").putImageData(scratch.image, 0, 0);
  context.drawImage(scratch.canvas, x, y, w, h);
}

/** Draw a vector as signed bars around the middle of a rectangle. */
function drawBars(context, vector, x, y, w, h, scale, colours) {
  const { numbers, start, count } = vector;
  const step = w / count;
  const gap = step > 4 ? 1 : 0;
  context.fillStyle = colours.line;
  context.fillRect(x, y + h / 2 - 0.5, w, 1);
  for (let c = 0; c < count; c++) {
    const value = numbers.at(start + c);
    const size = Number.isFinite(value) ? Math.min(1, Math.abs(value) / scale) * (h / 2) : h / 2;
    const [r, g, b] = Number.isFinite(value) ? (value < 0 ? colours.negative : colours.positive) : colours.wrong;
    context.fillStyle = `rgb(${r} ${g} ${b})`;
    context.fillRect(x + c * step, value < 0 ? y + h / 2 : y + h / 2 - size, Math.max(step - gap, 0.5), size);
  }
}

/** A canvas whose cells say their numbers: under the pointer, or, when focused, under a cursor moved by Shift+arrows. */
class Picture {
  constructor(label) {
    this.node = el("canvas", { class: "picture", tabindex: "0", role: "img", "aria-label": label });
    this.cells = null;
    this.cursor = [0, 0];
    this.node.hint = (x, y) => this.find(x, y)?.text;
    this.node.pick = (x, y) => this.find(x, y)?.pick;
    this.node.move = (dr, dc) => {
      if (!this.cells) return null;
      const { rows, columns, w, h } = this.cells;
      this.cursor = [(this.cursor[0] + dr + rows) % rows, (this.cursor[1] + dc + columns) % columns];
      return [((this.cursor[1] + 0.5) * w) / columns, ((this.cursor[0] + 0.5) * h) / rows];
    };
  }

  find(x, y) {
    if (!this.cells) return null;
    const { rows, columns, w, h, tell } = this.cells;
    const [r, c] = [Math.floor((y / h) * rows), Math.floor((x / w) * columns)];
    return r < 0 || c < 0 || r >= rows || c >= columns ? null : tell(r, c);
  }

  grid(grid, w, h, colours, tell) {
    const context = fit(this.node, w, h);
    drawGrid(context, grid, 0, 0, w, h, colours);
    this.cells = { rows: grid.rows, columns: grid.columns, w, h, tell };
  }

  bars(vector, w, h, scale, colours, tell) {
    const context = fit(this.node, w, h);
    drawBars(context, vector, 0, 0, w, h, scale, colours);
    this.cells = { rows: 1, columns: vector.count, w, h, tell: (r, c) => tell(c) };
  }
}

/** The largest value of a grid, and the grid drawn on a scale of its own. */
function largest(grid) {
  let most = 0;
  for (let r = 0; r < grid.rows; r++) {
    for (let c = 0; c < grid.columns; c++) most = Math.max(most, Math.abs(grid.numbers.at(grid.place(r, c))) || 0);
  }
  return most;
}

function largestOf({ numbers, start, count: n }) {
  let most = 0;
  for (let c = 0; c < n; c++) most = Math.max(most, Math.abs(numbers.at(start + c)) || 0);
  return most || 1;
}

function ownScale(grid) {
  return { ...grid, scale: largest(grid) || 1 };
}

/** What a cell of a grid says. `pick` leads to its equation. */
function cell(grid, symbol, pick) {
  return (r, c) => {
    const [row, column] = grid.turned ? [c, r] : [r, c];
    const value = grid.numbers.at(grid.place(r, c));
    return { text: `${symbol}[${row}, ${column}] = ${exact(value, grid.numbers.digits)}`, pick: { ...pick, r, c } };
  };
}

function entry(vector, symbol, pick) {
  return (c) => ({
    text: `${symbol}[${c}] = ${exact(vector.numbers.at(vector.start + c), vector.numbers.digits)}`,
    pick: pick && { ...pick, c },
  });
}

// ------------------------------------------------------------------------------------------------ parts of the view

/** The token strip: a window of labels with their segments, and the whole sequence below. */
class Tokens {
  constructor(view) {
    this.view = view;
    this.first = 0;
    this.strip = el("div", { class: "strip", role: "group", "aria-label": "Tokens" });
    this.bands = el("div", { class: "bands", "aria-hidden": "true" });
    this.arcs = svg("svg", { class: "arcs", "aria-hidden": "true" });
    this.arc = svg("path", { class: "arc" });
    this.arcs.append(this.arc);
    this.overview = el("canvas", { class: "overview", role: "img", "aria-label": "The whole sequence by segments" });
    this.lens = el("div", { class: "lens" });
    this.bar = el("div", { class: "scrub" }, this.overview, this.lens);
    this.away = el("button", { type: "button", class: "away", onclick: () => this.jump() });
    this.node = el("div", { class: "tokens", role: "group", "aria-label": "Token strip" },
      el("div", { class: "legend" }, el("b", {}, "tokens"), this.away),
      el("div", { class: "stage" }, this.arcs, this.strip, this.bands, this.bar));
    this.chips = [];
    this.marks = [];
    view.stepper.drag(this.bar, (x, w) => ({ step: Math.floor((x / w) * view.run.T) }));
  }

  jump() {
    const source = this.view.run.source(this.view.at.t);
    if (source >= 0) this.view.stepper.go({ step: source });
  }

  resize(width) {
    const { run } = this.view;
    const longest = run.tokens.length ? Math.min(6, Math.max(...run.tokens.slice(0, 512).map((x) => [...x].length))) : 4;
    this.size = Math.max(26, 11 + 7 * longest);
    this.width = width;
    this.shown = Math.min(run.T, Math.max(3, Math.floor(width / this.size)));
    this.size = width / this.shown > 72 ? 72 : width / this.shown;
    while (this.chips.length < this.shown) {
      const chip = el("button", { type: "button", class: "chip", tabindex: "-1",
        onclick: () => this.view.stepper.go({ step: chip.t }) });
      chip.hint = () => this.hint(chip.t);
      this.chips.push(chip);
      this.strip.append(chip);
    }
    this.chips.forEach((chip, i) => {
      show(chip, i < this.shown);
      place(chip, { width: `${this.size - 3}px` });
    });
    this.arcs.setAttribute("width", width);
    this.first = -1;
    this.drawOverview();
  }

  hint(t) {
    const { run } = this.view;
    return `token ${t}: ${run.label(t)}  ·  segment ${run.own[t]}`
      + (run.source(t) >= 0 ? `  ·  asks for what stands at token ${run.source(t)}` : "");
  }

  drawOverview() {
    const { run, colours } = this.view;
    const context = fit(this.overview, this.width, 12);
    const x = (t) => (t / run.T) * this.width;
    run.segments.forEach(([start, stop], s) => {
      context.fillStyle = s % 2 ? colours.band : colours.line;
      context.fillRect(x(start), 0, Math.max(1, x(stop) - x(start) - (this.width / run.N > 4 ? 1 : 0)), 12);
    });
    for (let t = 0; t < run.T; t++) {
      if (run.source(t) < 0) continue;
      const wrong = run.a["events.wrong"].at(t);
      context.fillStyle = wrong ? colours.css.wrong : colours.css.truth;
      context.fillRect(x(t), wrong ? 0 : 6, Math.max(1, this.width / run.T), wrong ? 12 : 6);
    }
    context.fillStyle = colours.css.fg;
    for (const t of this.view.stepper.bookmarks) context.fillRect(x(t + 0.5) - 1, 0, 2, 12);
  }

  paint({ t }) {
    const { run } = this.view;
    const margin = Math.min(3, Math.floor(this.shown / 3));
    let first = Math.max(0, this.first);
    if (t < first + margin) first = t - margin;
    if (t >= first + this.shown - margin) first = t - this.shown + margin + 1;
    first = Math.max(0, Math.min(run.T - this.shown, first));
    if (first !== this.first) this.scroll(first);
    const source = run.source(t);
    for (let i = 0; i < this.shown; i++) {
      const chip = this.chips[i];
      const here = chip.t === t;
      chip.classList.toggle("now", here);
      chip.classList.toggle("source", chip.t === source);
      chip.classList.toggle("later", chip.t > t);
      if (here) chip.setAttribute("aria-current", "step");
      else chip.removeAttribute("aria-current");
    }
    const inside = source >= first && source < first + this.shown;
    show(this.away, source >= 0);
    if (source >= 0) write(this.away, inside ? `★ token ${source}` : `${source < t ? "←" : "→"} ★ token ${source}`);
    this.arcs.toggleAttribute("hidden", !inside || source === t);
    if (inside && source !== t) {
      const [a, b] = [(source - first + 0.5) * this.size, (t - first + 0.5) * this.size];
      const rise = Math.min(15, 6 + Math.abs(b - a) / 40);
      this.arc.setAttribute("d", `M${a},17 C${a},${17 - rise * 1.3} ${b},${17 - rise * 1.3} ${b},17`);
    }
    const x = (u) => (u / run.T) * this.width;
    place(this.lens, { transform: `translateX(${x(t).toFixed(1)}px)`, width: `${Math.max(3, this.width / run.T)}px` });
  }

  scroll(first) {
    const { run } = this.view;
    this.first = first;
    const last = first + this.shown;
    for (let i = 0; i < this.shown; i++) {
      const chip = this.chips[i];
      chip.t = first + i;
      write(chip, run.label(chip.t));
      chip.classList.toggle("begins", run.segments[run.own[chip.t]][0] === chip.t);
      chip.classList.toggle("odd", run.own[chip.t] % 2 === 1);
      chip.classList.toggle("asks", run.source(chip.t) >= 0);
      chip.classList.toggle("failed", run.a["events.wrong"].at(chip.t) === 1);
    }
    const [from, to] = [run.own[first], run.own[last - 1]];
    while (this.marks.length < to - from + 1) this.bands.append(this.marks[this.marks.push(el("span", {})) - 1]);
    this.marks.forEach((mark, i) => {
      show(mark, i <= to - from);
      if (i > to - from) return;
      const [start, stop] = run.segments[from + i];
      const [a, b] = [Math.max(start, first), Math.min(stop, last)];
      place(mark, { left: `${(a - first) * this.size}px`, width: `${(b - a) * this.size - 3}px` });
      write(mark, (b - a) * this.size > 70 ? `segment ${from + i}` : (b - a) * this.size > 18 ? String(from + i) : "");
    });
  }
}

/** One sentence that says what happens at this token, with its numbers. */
class Story {
  constructor(view) {
    this.view = view;
    this.node = el("p", { class: "story", "aria-live": "polite" });
  }

  paint({ t, h }) {
    const { run } = this.view;
    const own = run.own[t];
    const best = run.heaviest(t, h)[0];
    const name = (i) => (i === own ? "its own segment" : `checkpoint ${i}`);
    const parts = ["Token ", el("b", { dir: "auto" }, run.label(t)), run.tokens.length ? ` (${t})` : "", ` of segment ${own} `];
    const read = [];
    for (let i = 0; i < own; i++) if (run.isRead(t, h, i)) read.push(i);
    if (!own) parts.push("has no checkpoint to read yet. ");
    else if (!read.length) parts.push(`reads its online memory alone; ${count(own, "checkpoint")} stay${own === 1 ? "s" : ""} shut. `);
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
      const there = gates && at === best ? ": there the answer stands"
        : `${gates ? ". The" : "The"} answer stands in ${name(at)}`
          + (gates ? `, gate ${format(run.weight(t, h, at))}` : "");
      parts.push(there, ", ", el("span", { class: "truth" }, `★ token ${source}`), ". ");
    } else if (gates) parts.push(". ");
    if (run.target(t)) {
      const said = run.predictions.tokens[t][0];
      const right = said === run.target(t);
      parts.push("The model says ", el("b", { class: right ? "truth" : "wrong" }, `${right ? "✓" : "✗"} ${said}`));
      parts.push(right ? "." : `, and ${run.target(t)} is right.`);
    }
    if (run.diverged_at !== null && t >= run.diverged_at) {
      parts.push(el("b", { class: "wrong" }, ` This run diverged: from token ${run.diverged_at} on its numbers are not finite.`));
    }
    this.node.replaceChildren(...parts);
  }
}

/** The row of memories: pictures, scores, gates, what each said, and the flows into the output. */
class Memories {
  constructor(view) {
    this.view = view;
    const { run } = view;
    this.layer = el("canvas", { class: "layer", role: "img", "aria-label": "Memories as heat maps, and what each said" });
    this.layer.hint = (x, y) => this.find(x, y)?.text;
    this.layer.pick = (x, y) => this.find(x, y)?.pick;
    this.all = el("canvas", { class: "all", role: "img", "aria-label": "Gates of all memories" });
    this.rail = el("div", { class: "rail" }, this.all);
    this.row = el("div", { class: "cards" });
    this.flows = svg("svg", { class: "flows", "aria-hidden": "true" });
    const math_ = (text) => el("span", { class: "symbol" }, ...math(text));
    this.legend = {
      name: el("div", {}, el("b", {}, "memories")),
      score: el("div", {}, el("b", {}, "relevance "), math_("r_t^(i)")),
      gate: el("div", {}, el("b", {}, "gate "), math_("γ_t^(i)")),
      said: el("div", {}, el("b", {}, "it says "), math_("M^(i)(q_t)")),
    };
    this.more = el("span", { class: "more" });
    this.legend.name.append(this.more);
    this.stage = el("div", { class: "stage" }, this.rail, this.layer, this.row, this.flows);
    this.node = el("div", { class: "memories", role: "group", "aria-label": "Memories" },
      el("div", { class: "labels" }, ...Object.values(this.legend)), this.stage);
    this.cards = [];
    this.paths = [];
    this.atlases = new Map();
    show(this.legend.score, run.compares);
    show(this.legend.said, Boolean(run.a["reads.values"]));
    view.stepper.drag(this.rail, (x, w) => ({ segment: Math.min(run.N - 1, Math.floor((x / w) * run.N)) }));
  }

  card() {
    const name = el("button", { type: "button", class: "name" });
    const [title, span] = [el("span", { class: "title" }), el("span", { class: "span" })];
    name.append(title, span);
    const bar = (kind) => el("i", { class: `bar ${kind}` });
    const number = (kind) => el("button", { type: "button", class: `number ${kind}`, "data-number": kind });
    const card = { title, span, name, scoreBar: bar("score"), gateBar: bar("gate"), score: number("score"),
      gate: number("weight"), frame: el("div", { class: "frame" }), i: 0 };
    card.zero = el("i", { class: "zero" });
    card.scoreChart = el("div", { class: "chart score" }, card.zero, card.scoreBar);
    card.gateChart = el("div", { class: "chart gate" }, card.gateBar);
    card.node = el("div", { class: "card", role: "group" },
      name, card.frame, card.scoreChart, card.score, card.gateChart, card.gate);
    name.addEventListener("click", () => this.view.stepper.go({ segment: card.i }));
    const { at, run } = { at: () => this.view.at, run: this.view.run };
    const tell = (get) => () => `${exact(get.call(run, at().t, at().h, card.i))}`;
    card.score.hint = () => `relevance of ${this.title(card.i)} = ${tell(run.score)()}`;
    card.gate.hint = () => `gate on ${this.title(card.i)} = ${tell(run.weight)()}`;
    card.score.pick = () => ({ kind: "score", i: card.i });
    card.gate.pick = () => ({ kind: "weight", i: card.i });
    return card;
  }

  title(i) {
    return i === this.view.run.own[this.view.at.t] ? "the online memory" : `checkpoint ${i}`;
  }

  resize(width, narrow) {
    const { run } = this.view;
    const gap = width / run.N > 70 ? 10 : 5;
    const least = narrow ? 50 : 52;
    this.width = width;
    this.fit = Math.min(run.N, Math.max(2, Math.floor((width + gap) / (least + gap))));
    this.gap = gap;
    this.size = Math.min(128, (width + gap) / this.fit - gap);
    this.left = (width - this.fit * (this.size + gap) + gap) / 2;
    const windowed = this.fit < run.N;
    show(this.rail, windowed);
    show(this.more, windowed);
    const cap = narrow ? 16 : 0;
    const pictures = run.pictures.reduce((a, p) => a + p.rows, 0) / Math.max(...run.pictures.map((p) => p.columns));
    const y = { rail: 0 };
    let top = windowed ? 44 : 0;
    const stack = (name, height) => {
      y[name] = top + cap;
      top += height + cap;
    };
    stack("name", 32);
    top -= cap;
    y.pic = top + cap;
    this.pic = Math.max(30, Math.min(this.size, this.size * pictures));
    top += this.pic + 8 + cap;
    if (run.compares) stack("score", 34 + 20);
    stack("gate", 40 + 20);
    this.soup = !run.a["reads.values"];
    if (!this.soup) stack("said", 34);
    this.y = y;
    this.height = top;
    this.flow = 82;
    place(this.stage, { height: `${top + this.flow}px` });
    place(this.row, { gap: `${gap}px`, left: `${this.left}px`, top: `${y.name}px` });
    for (const [name, node] of Object.entries(this.legend)) {
      if (y[name] !== undefined) place(node, { top: `${narrow ? y[name] - (name === "name" ? 17 : 15) : y[name]}px` });
    }
    this.flows.setAttribute("width", width);
    this.flows.setAttribute("height", this.flow);
    place(this.flows, { top: `${top}px` });
    while (this.cards.length < this.fit) {
      const card = this.card();
      this.cards.push(card);
      this.row.append(card.node);
      const path = svg("path", { class: "flow" });
      this.paths.push(path);
      this.flows.append(path);
    }
    this.cards.forEach((card, slot) => {
      show(card.node, slot < this.fit);
      place(card.node, { width: `${this.size}px` });
      place(card.frame, { height: `${this.pic}px`, marginTop: `${y.pic - y.name - 32}px` });
      place(card.scoreChart, { marginTop: `${cap}px` });
      place(card.gateChart, { marginTop: `${cap}px` });
      show(card.scoreChart, run.compares);
      show(card.score, run.compares);
    });
    this.atlases.clear();
  }

  /** The checkpoints of a head, each one a tile of one canvas. */
  atlas(h) {
    if (!this.atlases.has(h)) {
      const { run, colours } = this.view;
      const rows = run.pictures.reduce((a, p) => a + p.rows, 0);
      const columns = Math.max(...run.pictures.map((p) => p.columns));
      const across = Math.max(1, Math.floor(4096 / columns));
      const canvas = document.createElement("canvas");
      canvas.width = Math.min(run.N, across) * columns;
      canvas.height = Math.ceil(run.N / across) * rows;
      const context = canvas.getContext("2d");
      context.imageSmoothingEnabled = false;
      const tile = (i) => [(i % across) * columns, Math.floor(i / across) * rows];
      for (let i = 0; i < run.N; i++) {
        let [x, y] = tile(i);
        for (const picture of run.pictures) {
          const grid = run.grid("checkpoints", picture, i, h);
          if (grid) drawGrid(context, grid, x, y, columns, picture.rows, colours);
          y += picture.rows;
        }
      }
      this.atlases.clear();
      this.atlases.set(h, { canvas, rows, columns, tile });
    }
    return this.atlases.get(h);
  }

  /** The segments that have a card: all, or as many as fit, the heaviest first. */
  choose({ t, h, i }) {
    const { run } = this.view;
    if (this.fit >= run.N) return Array.from({ length: run.N }, (_, j) => j);
    const own = run.own[t];
    const wanted = new Set([own]);
    if (i >= 0 && i <= own) wanted.add(i);
    if (run.source(t) >= 0 && run.own[run.source(t)] <= own) wanted.add(run.own[run.source(t)]);
    for (const j of run.heaviest(t, h)) if (wanted.size < this.fit) wanted.add(j);
    for (let j = own; j >= 0 && wanted.size < this.fit; j--) wanted.add(j);
    for (let j = own + 1; wanted.size < this.fit; j++) wanted.add(j);
    return [...wanted].slice(0, this.fit).sort((a, b) => a - b);
  }

  centre(slot) {
    return this.left + slot * (this.size + this.gap) + this.size / 2;
  }

  paint(at) {
    const { run, colours } = this.view;
    const { t, h } = at;
    const own = run.own[t];
    this.shown = this.choose(at);
    const context = fit(this.layer, this.width, this.height);
    const atlas = this.atlas(h);
    // A difference of 1 changes a gate by a factor of e, so a bar's scale never falls below that.
    let [high, low] = [0, 0];
    for (let i = 0; i <= own; i++) {
      high = Math.max(high, run.score(t, h, i) || 0);
      low = Math.max(low, -run.score(t, h, i) || 0);
    }
    const unit = 34 / Math.max(1, high + low);
    const base = 34 - low * unit;
    const source = run.source(t) >= 0 ? run.own[run.source(t)] : -1;
    const saidScale = this.soup ? 1 : run.a["reads.values"].extent();
    this.shown.forEach((i, slot) => {
      const card = this.cards[slot];
      const x = this.left + slot * (this.size + this.gap);
      if (card.i !== i || !card.label) card.node.dataset.segment = i;
      card.i = i;
      const reachable = i <= own;
      const read = reachable && run.isRead(t, h, i);
      const kind = i === own ? "online" : read ? "read" : reachable ? "idle" : "later";
      const state = `card ${kind}${i === source ? " source" : ""}${i === (at.i < 0 ? own : at.i) ? " inspected" : ""}`;
      if (card.node.className !== state) card.node.className = state;
      write(card.title, `${i === source ? "★ " : ""}${i === own ? "online" : i}`);
      const [start, stop] = run.segments[i];
      write(card.span, this.size < 52 ? `${start}` : `${start}–${i === own ? t : stop - 1}`);
      context.globalAlpha = { online: 1, read: 1, idle: 0.42, later: 0.1 }[kind];
      if (i === own) this.drawOnline(context, at, x);
      else {
        const [ax, ay] = atlas.tile(i);
        context.drawImage(atlas.canvas, ax, ay, atlas.columns, atlas.rows, x, this.y.pic, this.size, this.pic);
      }
      context.globalAlpha = 1;
      const [score, weight] = reachable ? [run.score(t, h, i), run.weight(t, h, i)] : [0, 0];
      card.score.disabled = card.gate.disabled = !reachable;
      write(card.score, reachable ? format(score) : "");
      write(card.gate, reachable ? (read ? format(weight) : "–") : "");
      const label = !reachable ? `Segment ${i}, not written yet`
        : `${i === own ? `Online memory, segment ${i}` : `Checkpoint ${i}`}${read ? ", read" : ", not read"}`;
      if (card.label !== label) {
        card.node.setAttribute("aria-label", label);
        card.name.setAttribute("aria-label", `${card.title.textContent} ${card.span.textContent}: inspect. ${label}`);
        card.label = label;
      }
      if (run.compares) {
        const size = Math.min(34, Math.abs(score) * unit) || 0;
        place(card.scoreBar, { height: `${size.toFixed(1)}px`, top: `${(score < 0 ? base : base - size).toFixed(1)}px` });
        place(card.zero, { top: `${base.toFixed(1)}px` });
      }
      place(card.gateBar, { height: `${(Math.min(1, weight) * 40).toFixed(1)}px` });
      const said = read ? run.said(t, h, i) : -1;
      if (said >= 0) {
        drawBars(context, { numbers: run.a["reads.values"], start: said, count: run.V }, x, this.y.said + 2, this.size, 28,
          saidScale, colours);
      }
    });
    this.paintFlows(at);
    if (this.fit < run.N) this.paintRail(at);
  }

  drawOnline(context, { t, h }, x) {
    const { run, colours } = this.view;
    const rows = run.pictures.reduce((a, p) => a + p.rows, 0);
    let y = this.y.pic;
    for (const picture of run.pictures) {
      const grid = run.grid("states", picture, t, h);
      const height = (this.pic * picture.rows) / rows;
      if (grid) {
        const kept = run.grid("checkpoints", picture, run.own[t], h);
        drawGrid(context, { ...grid, scale: kept?.scale ?? grid.scale }, x, y, this.size, height, colours);
      } else {
        context.strokeStyle = colours.line;
        context.beginPath();
        for (let d = 6; d < this.size + height; d += 8) {
          context.moveTo(x + Math.max(0, d - height), y + Math.min(d, height));
          context.lineTo(x + Math.min(d, this.size), y + Math.max(0, d - this.size));
        }
        context.stroke();
      }
      y += height;
    }
  }

  paintFlows({ t, h }) {
    const { run } = this.view;
    const target = this.view.output.centre;
    const weights = this.shown.map((i) => (i <= run.own[t] && run.isRead(t, h, i) ? run.weight(t, h, i) : 0));
    let total = 0;
    for (let i = 0; i <= run.own[t]; i++) total += Math.abs(run.weight(t, h, i)) || 0;
    const pipe = 34 / Math.max(1, total);
    let x = target - (weights.reduce((a, w) => a + Math.abs(w), 0) * pipe) / 2;
    this.cards.forEach((card, slot) => {
      const path = this.paths[slot];
      const weight = slot < this.fit ? Math.abs(weights[slot]) : 0;
      const width = weight * pipe;
      path.toggleAttribute("hidden", !(width > 0));
      if (!(width > 0)) return;
      const [a, b] = [this.centre(slot), x + width / 2];
      x += width;
      const H = this.flow;
      path.setAttribute("d", `M${a.toFixed(1)},0 v5 C${a.toFixed(1)},${H * 0.6} ${b.toFixed(1)},${H * 0.4} ${b.toFixed(1)},${H - 5} v5`);
      path.setAttribute("stroke-width", Math.max(0.75, width).toFixed(2));
      path.setAttribute("class", card.i === run.own[t] ? "flow online" : "flow");
    });
  }

  paintRail({ t, h, i: inspected }) {
    const { run, colours } = this.view;
    const context = fit(this.all, this.width, 36);
    const step = this.width / run.N;
    const own = run.own[t];
    for (let i = 0; i < run.N; i++) {
      const shown = this.shown.includes(i);
      context.fillStyle = i > own ? colours.band : shown ? colours.css.gate : colours.line;
      context.fillRect(i * step, 33, Math.max(1, step - 1), shown ? 3 : 2);
      if (i > own) continue;
      const height = Math.min(1, run.weight(t, h, i)) * 30;
      context.fillStyle = i === own ? colours.css.online : colours.css.gate;
      if (run.isRead(t, h, i)) context.fillRect(i * step, 32 - Math.max(1, height), Math.max(1.5, step - 1), Math.max(1, height));
      if (i === inspected) {
        context.fillStyle = colours.css.fg;
        context.fillRect(i * step, 0, Math.max(1, step - 1), 2);
      }
    }
    let read = 0;
    for (let i = 0; i <= own; i++) read += run.isRead(t, h, i);
    write(this.more, `${this.fit} of ${run.N}, the heaviest; ${read} read`);
  }

  find(x, y) {
    const { run, at } = this.view;
    const slot = Math.floor((x - this.left + this.gap / 2) / (this.size + this.gap));
    const i = this.shown?.[slot];
    if (i === undefined || i > run.own[at.t]) return null;
    const inside = (x - this.left - slot * (this.size + this.gap)) / this.size;
    if (inside < 0 || inside >= 1) return null;
    const online = i === run.own[at.t];
    if (y >= this.y.pic && y < this.y.pic + this.pic) {
      const rows = run.pictures.reduce((a, p) => a + p.rows, 0);
      let r = Math.floor(((y - this.y.pic) / this.pic) * rows);
      for (const picture of run.pictures) {
        if (r < picture.rows) {
          const grid = run.grid(online ? "states" : "checkpoints", picture, online ? at.t : i, at.h);
          if (!grid) return null;
          const c = Math.min(picture.columns - 1, Math.floor(inside * picture.columns));
          const found = cell(grid, `${picture.name} of ${this.title(i)} `, { kind: "state" })(r, c);
          return { text: found.text, pick: { kind: "inspect", i } };
        }
        r -= picture.rows;
      }
    }
    const said = this.soup ? -1 : run.said(at.t, at.h, i);
    if (said >= 0 && y >= this.y.said && y < this.y.said + 32) {
      const vector = { numbers: run.a["reads.values"], start: said, count: run.V };
      return entry(vector, `what ${this.title(i)} says `, { kind: "read", i })(Math.floor(inside * run.V));
    }
    return null;
  }
}

/** Where the flows end: the mixture, and what a model made of it. */
class Output {
  constructor(view) {
    this.view = view;
    const { run } = view;
    this.mixed = run.aggregator === "soup" ? run.pictures.map((p) => new Picture(`Mixed memory, ${p.name}`)) : [];
    this.bars = new Picture("Output of the layer");
    this.caption = el("div", { class: "caption" }, el("b", {}, "output "), el("span", { class: "symbol" }, ...math("y_t")));
    this.soup = el("div", { class: "soup" }, ...this.mixed.map((p) => p.node));
    const mixture = el("div", { class: "mixture" }, this.soup, this.bars.node, this.caption);
    this.list = el("ol", { class: "answers", "aria-label": "Prediction" });
    this.truth = el("div", { class: "target" });
    this.prediction = el("div", { class: "prediction" },
      el("div", { class: "caption" }, el("b", {}, "prediction"), " of the next token"), this.list, this.truth);
    this.node = el("div", { class: "output", role: "group", "aria-label": "Output" }, mixture);
    if (run.predictions) this.node.append(this.prediction);
    show(this.soup, this.mixed.length > 0);
    this.rows = (run.predictions?.tokens[0] ?? []).map((_, p) => {
      const row = { label: el("span", { class: "label" }), bar: el("i", {}),
        number: el("button", { type: "button", class: "number", "data-number": "probability" }) };
      row.number.pick = () => ({ kind: "probability", p });
      row.number.hint = () => `probability of ${row.label.textContent} = ${exact(this.probability(p))}`;
      row.node = el("li", {}, row.label, el("span", { class: "track" }, row.bar), row.number);
      this.list.append(row.node);
      return row;
    });
  }

  probability(p) {
    return this.view.run.a.probabilities.at(this.view.at.t * this.rows.length + p);
  }

  resize(width, narrow) {
    const beside = this.view.run.predictions && !narrow;
    this.width = Math.min(beside ? width * 0.56 : width, 560);
    this.centre = beside ? this.width / 2 + width * 0.02 : width / 2;
    place(this.node, { paddingLeft: beside ? `${width * 0.02}px` : "0" });
    this.node.classList.toggle("stacked", !beside);
  }

  paint({ t, h }) {
    const { run, colours } = this.view;
    this.mixed.forEach((picture, n) => {
      const grid = run.grid("mixed", run.pictures[n], t, h);
      show(picture.node, Boolean(grid));
      if (!grid) return;
      const w = Math.min(180, this.width / this.mixed.length - 8);
      picture.grid(grid, w, Math.min(110, Math.max(20, (w * grid.rows) / grid.columns)), colours,
        cell(grid, `mixed ${grid.name}`, { kind: "mixed", n }));
    });
    const vector = run.vector("output", t, h);
    this.bars.bars(vector, this.width, 56, vector.numbers.extent(), colours, entry(vector, "y", { kind: "output" }));
    if (!run.predictions) return;
    const target = run.target(t);
    this.rows.forEach((row, p) => {
      const label = run.predictions.tokens[t][p];
      const probability = this.probability(p);
      write(row.label, label);
      write(row.number, format(probability));
      place(row.bar, { transform: `scaleX(${Math.max(0, probability) || 0})` });
      row.node.className = !target ? "" : label === target ? "right" : p === 0 ? "wrong" : "";
    });
    show(this.truth, Boolean(target));
    if (!target) return;
    const right = run.predictions.tokens[t][0] === target;
    const chance = run.a.target_probabilities;
    this.truth.replaceChildren(el("span", { class: right ? "truth" : "wrong" }, right ? "✓ right" : "✗ wrong"),
      " · true answer ", el("b", {}, target), ...(chance ? [" with ", el("span", { class: "number", "data-number": "target" },
        format(chance.at(t)))] : []));
  }
}

/** Gates over the whole sequence, tokens across and segments down: where to go next. */
class GateMap {
  constructor(view) {
    this.view = view;
    const { run } = view;
    this.canvas = el("canvas", { role: "img", "aria-label": "Gates: tokens across, memories down" });
    this.line = el("div", { class: "line" });
    this.dot = el("div", { class: "dot" });
    this.area = el("div", { class: "scrub map" }, this.canvas, this.line, this.dot);
    this.node = el("div", { class: "gates", role: "group", "aria-label": "Map of gates" },
      el("div", { class: "legend" }, el("b", {}, "all gates"), el("span", { class: "more" }, "token →"),
        el("span", { class: "more" }, "memory ↓")), this.area);
    this.area.hint = (x, y) => {
      const [t, i] = this.find(x, y);
      return i > run.own[t] ? `token ${t}` : `gate of token ${t} on memory ${i} = ${exact(run.weight(t, view.at.h, i))}`;
    };
    view.stepper.drag(this.area, (x, w, y) => {
      const [t, i] = this.find(x, y);
      return { step: t, segment: i <= run.own[t] ? i : -1 };
    });
  }

  find(x, y) {
    const { run } = this.view;
    const clamp = (a, n) => Math.max(0, Math.min(n - 1, Math.floor(a * n)));
    return [clamp(x / this.width, run.T), clamp(y / this.height, run.N)];
  }

  resize(width) {
    const { run } = this.view;
    this.width = width;
    this.height = Math.max(48, Math.min(168, run.N * 11));
    this.drawn = -1;
    place(this.area, { height: `${this.height}px` });
  }

  /** Each pixel shows the largest gate among the tokens that share it. */
  draw(h) {
    const { run, colours } = this.view;
    const columns = Math.min(run.T, Math.round(this.width * (globalThis.devicePixelRatio || 1)));
    const image = new ImageData(columns, run.N);
    const most = new Float32Array(columns * run.N);
    const scale = run.a.weights.extent();
    for (let t = 0; t < run.T; t++) {
      const x = Math.floor((t / run.T) * columns);
      for (let i = 0; i <= run.own[t]; i++) {
        const at = i * columns + x;
        const weight = Math.abs(run.weight(t, h, i)) / scale;
        if (weight > most[at]) most[at] = weight;
      }
    }
    const [r, g, b] = colours.gate;
    const [br, bg, bb] = colours.ground;
    for (let x = 0; x < columns; x++) {
      const own = run.own[Math.min(run.T - 1, Math.floor((x / columns) * run.T))];
      for (let i = 0; i <= own; i++) {
        const at = i * columns + x;
        const weight = most[at];
        const alpha = weight > 0 ? 0.1 + 0.9 * weight : 0;
        const ground = 0.07;
        const a = alpha + ground * (1 - alpha);
        image.data[4 * at] = (r * alpha + br * ground * (1 - alpha)) / a;
        image.data[4 * at + 1] = (g * alpha + bg * ground * (1 - alpha)) / a;
        image.data[4 * at + 2] = (b * alpha + bb * ground * (1 - alpha)) / a;
        image.data[4 * at + 3] = 255 * a;
      }
    }
    const tile = document.createElement("canvas");
    [tile.width, tile.height] = [columns, run.N];
    tile.getContext("2d").putImageData(image, 0, 0);
    const context = fit(this.canvas, this.width, this.height);
    context.drawImage(tile, 0, 0, this.width, this.height);
    const [dx, dy] = [this.width / run.T, this.height / run.N];
    context.strokeStyle = colours.css.truth;
    context.lineWidth = 1.25;
    for (let t = 0; t < run.T; t++) {
      const source = run.source(t);
      if (source >= 0) context.strokeRect(t * dx, run.own[source] * dy + 0.5, Math.max(dx, 2), dy - 1);
    }
  }

  paint({ t, h, i }) {
    const { run } = this.view;
    if (this.drawn !== h) {
      this.draw(h);
      this.drawn = h;
    }
    place(this.line, { transform: `translateX(${((t / run.T) * this.width).toFixed(1)}px)`,
      width: `${Math.max(2, this.width / run.T).toFixed(1)}px` });
    const row = i < 0 ? run.own[t] : i;
    place(this.dot, { transform: `translateY(${((row / run.N) * this.height).toFixed(1)}px)`,
      height: `${Math.max(2, this.height / run.N).toFixed(1)}px` });
  }
}

/** The inspected memory in large, and what this token wrote. */
class Details {
  constructor(view) {
    this.view = view;
    const { run } = view;
    this.title = el("h2", {});
    this.note = el("p", { class: "note" });
    this.states = run.pictures.map((p) => new Picture(`Memory, ${p.name}`));
    this.changes = run.pictures.map((p) => new Picture(`Change by this write, ${p.name}`));
    this.key = new Picture("Key");
    this.value = new Picture("Value");
    this.asks = new Picture(run.connector === "q" ? "Query" : "Connector");
    this.context = new Picture("Context of the memory");
    this.loss = el("p", { class: "loss" });
    this.counts = el("p", { class: "note counts" });
    const symbol = (text) => el("span", { class: "symbol" }, ...math(text));
    this.left = el("figure", {}, el("figcaption", {}, "the memory"), ...this.states.map((p) => p.node));
    this.arrow = symbol(run.memory === "linear" ? "v_t k_t^T" : "change");
    this.right = el("figure", { class: "write" }, el("figcaption", {}, "just written ", this.arrow),
      ...this.changes.map((p) => p.node));
    this.pair = el("div", { class: "pair" }, this.left, this.right);
    this.darkest = run.pictures.map(() => el("span", {}));
    this.scale = el("p", { class: "note" }, "full colour: ", ...run.pictures.flatMap((p, n) => [
      n || run.pictures.length > 1 ? ` ${p.name} ` : "", this.darkest[n]]));
    this.vectors = el("dl", { class: "vectors" });
    this.row = {};
    const add = (name, text, picture) => {
      this.row[name] = [el("dt", {}, symbol(text)), el("dd", {}, picture.node)];
      this.vectors.append(...this.row[name]);
    };
    add("asks", `${run.connector}_t`, this.asks);
    add("context", "c^(i)", this.context);
    add("key", "k_t", this.key);
    add("value", "v_t", this.value);
    this.node = el("div", { class: "details", role: "group", "aria-label": "Memory in detail" },
      this.title, this.note, this.pair, this.scale, this.vectors, this.loss, this.counts);
  }

  resize(width) {
    this.width = width;
  }

  paint({ t, h, i }) {
    const { run, colours } = this.view;
    const own = run.own[t];
    const inspected = i < 0 || i > own ? own : i;
    const online = inspected === own;
    const [start, stop] = run.segments[inspected];
    write(this.title, online ? `Online memory, segment ${own}` : `Checkpoint ${inspected}`);
    write(this.note, online ? `after ${count(t - start + 1, "write")} of ${stop - start}`
      : `where segment ${inspected} ended, tokens ${start}–${stop - 1}`);
    const known = run.knows(t);
    const w = online ? Math.min(190, (this.width - 12) / 2) : Math.min(260, this.width);
    run.pictures.forEach((picture, n) => {
      const height = Math.max(14, Math.min(w, (w * picture.rows) / picture.columns));
      const grid = run.grid(online ? "states" : "checkpoints", picture, online ? t : inspected, h);
      show(this.states[n].node, Boolean(grid));
      if (grid) {
        this.states[n].grid(ownScale(grid), w, height, colours, cell(grid, picture.name,
          online ? { kind: "state", n } : { kind: "checkpoint", n, i: inspected }));
      }
      const change = online ? run.grid("changes", picture, t, h) : null;
      show(this.changes[n].node, Boolean(change));
      if (change) {
        this.changes[n].grid(ownScale(change), w, height, colours, cell(change, `change of ${picture.name}`, { kind: "change", n }));
      }
      write(this.darkest[n], [grid, change].filter(Boolean).map((one) => `±${format(largest(one))}`).join(" · "));
    });
    show(this.right, online && known);
    show(this.left, known || !online);
    show(this.scale, known || !online);
    if (online && !known) write(this.note, `${this.note.textContent}. ${this.view.stepper.options.live
      ? "Its state comes when you rest" : "A run of this size does not carry all online states along"}`);
    const strip = (picture, vector, symbol, scale) =>
      picture.bars(vector, this.width - 40, 24, scale, colours, entry(vector, symbol));
    const [asks, context] = [run.vector(run.connector, t, h), run.context(t, h, inspected)];
    for (const node of [...this.row.asks, ...this.row.context]) show(node, run.compares && !(run.token_gate && node === this.row.context));
    for (const node of [...this.row.key, ...this.row.value]) show(node, online);
    if (run.compares) {
      strip(this.asks, asks, run.connector, largestOf(asks));
      strip(this.context, context, "c", largestOf(context));
    }
    if (online) {
      for (const [name, picture] of [["k", this.key], ["v", this.value]]) {
        const vector = run.vector(name, t, h);
        strip(picture, vector, name, vector.numbers.extent(h * vector.count, vector.count, run.H * vector.count));
      }
    }
    const losses = run.a.losses;
    show(this.loss, Boolean(losses) && online);
    if (losses && online) {
      const number = (side) => {
        const node = el("button", { type: "button", class: "number", "data-number": `loss-${side ? "after" : "before"}` },
          format(losses.at((t * run.H + h) * 2 + side)));
        node.hint = () => `inner loss ${side ? "after" : "before"} the write = ${exact(losses.at((t * run.H + h) * 2 + side))}`;
        node.pick = () => ({ kind: "loss" });
        return node;
      };
      this.loss.replaceChildren("inner loss on this pair ", number(0), " → ", number(1));
    }
    const spent = (name) => run.a[`counts.${name}`].at(t);
    write(this.counts, `this token: ${count(spent("reads"), "read")}, ${count(spent("flops"), "operation")}, `
      + `${count(spent("bytes"), "byte")} fetched; ${count(spent("cached"), "byte")} cached (all heads)`);
  }
}

/** The equation behind the number that was picked, with its values filled in. */
class Equation {
  constructor(view) {
    this.view = view;
    this.pick = null;
    this.formula = el("p", { class: "formula" });
    this.number = el("span", { class: "tag" });
    this.filled = el("div", { class: "filled" });
    this.source = el("p", { class: "origin" });
    this.node = el("div", { class: "equation", role: "group", "aria-label": "Equation" },
      el("h2", {}, "Where a number comes from"), this.formula, this.filled, this.source);
  }

  paint(at) {
    const { run } = this.view;
    const pick = this.pick ?? { kind: "weight", i: null };
    const { key, lines } = this.explain(at, pick);
    const known = run.equations[key];
    show(this.formula, Boolean(known));
    if (known) {
      this.formula.replaceChildren(...math(known.formula), " ");
      if (known.number) this.formula.append(el("span", { class: "tag" }, `Eq. ${known.number}`));
      write(this.source, known.source);
    } else write(this.source, "");
    this.filled.replaceChildren(...lines.map((line) => el("p", {}, ...math(line))));
  }

  /** The kind of equation, and its lines with numbers in place of symbols. Numbers are printed, never computed. */
  explain({ t, h }, pick) {
    const { run } = this.view;
    const own = run.own[t];
    const i = pick.i === null || pick.i === undefined || pick.i > own ? run.heaviest(t, h)[0] : pick.i;
    const name = (j) => (j === own ? "s" : j);
    const terms = (list, join = " + ") => (list.length > 8 ? [...list.slice(0, 7), `… (${list.length - 7} more)`] : list).join(join);
    const f = (x) => (x < 0 ? `(${format(x)})` : format(x));
    const value = (vector, c) => vector.numbers.at(vector.start + c);
    const read = Array.from({ length: own + 1 }, (_, j) => j).filter((j) => run.isRead(t, h, j));
    if (pick.kind === "score") {
      const r = format(run.score(t, h, i));
      if (run.token_gate) return { key: "score", lines: [`r^(${name(i)}) = ${r}, the connector's entry for this age`] };
      const [asks, context] = [run.vector(run.connector, t, h), run.context(t, h, i)];
      const products = Array.from({ length: run.K }, (_, c) => `${f(value(asks, c))}·${f(value(context, c))}`);
      return { key: "score", lines: [`r^(${name(i)}) = ${terms(products)}`, `= ${r}`] };
    }
    if (pick.kind === "weight") {
      const g = run.isRead(t, h, i) ? format(run.weight(t, h, i)) : "0, it is not read";
      if (!run.compares) return { key: "weight", lines: [`γ^(${name(i)}) = ${g}`] };
      if (!run.isRead(t, h, i)) return { key: "weight", lines: [`γ^(${name(i)}) = ${g}`, `r^(${name(i)}) = ${format(run.score(t, h, i))}`] };
      const powers = read.map((j) => `exp(${format(run.score(t, h, j))})`);
      return { key: "weight", lines: [`γ^(${name(i)}) = exp(${format(run.score(t, h, i))}) / [${terms(powers)}]`, `= ${g}`] };
    }
    if (pick.kind === "read") {
      const said = run.said(t, h, i);
      if (said < 0) {
        return { key: "read", lines: [run.isRead(t, h, i) ? "In a run of this size only the heaviest memories' words are carried along."
          : `Memory ${i} is not read by this token.`] };
      }
      const y = format(run.a["reads.values"].at(said + pick.c));
      const grid = i === own ? run.grid("states", run.pictures[0], t, h) : run.grid("checkpoints", run.pictures[0], i, h);
      if (!run.plain || !grid) return { key: "read", lines: [`M^(${name(i)})(q_t)[${pick.c}] = ${y}`] };
      const q = run.vector("q", t, h);
      const products = Array.from({ length: run.K }, (_, c) => `${f(grid.numbers.at(grid.place(pick.c, c)))}·${f(value(q, c))}`);
      return { key: "read", lines: [`M^(${name(i)})(q_t)[${pick.c}] = ${terms(products)}`, `= ${y}`] };
    }
    if (pick.kind === "output") {
      const y = format(value(run.vector("output", t, h), pick.c));
      if (run.aggregator === "soup") return { key: "output", lines: [`y_t[${pick.c}] = ${y}`] };
      const products = read.map((j) => {
        const said = run.said(t, h, j);
        return said < 0 ? "…" : `${f(run.weight(t, h, j))}·${f(run.a["reads.values"].at(said + pick.c))}`;
      });
      return { key: "output", lines: [`y_t[${pick.c}] = ${terms(products)}`, `= ${y}`] };
    }
    if (pick.kind === "probability") {
      return { key: "", lines: [`p(${run.predictions.tokens[t][pick.p]}) = ${format(this.view.output.probability(pick.p))}`,
        "a softmax over the scores that the model's head gives to every token"] };
    }
    if (pick.kind === "loss") {
      const at = (t * run.H + h) * 2;
      return { key: "loss", lines: [`before the write: ${format(run.a.losses.at(at))}`, `after it: ${format(run.a.losses.at(at + 1))}`] };
    }
    const picture = run.pictures[pick.n];
    const spot = picture.turned ? `[${pick.c}, ${pick.r}]` : `[${pick.r}, ${pick.c}]`;
    const of = (group, where) => {
      const grid = run.grid(group, picture, where, h);
      return grid ? grid.numbers.at(grid.place(pick.r, pick.c)) : NaN;
    };
    if (pick.kind === "mixed") {
      const products = read.map((j) => `${f(run.weight(t, h, j))}·${f(j === own ? of("states", t) : of("checkpoints", j))}`);
      return { key: "mixed", lines: [`${picture.name}*${spot} = ${terms(products)}`, `= ${format(of("mixed", t))}`] };
    }
    if (pick.kind === "checkpoint") {
      return { key: "state", lines: [`${picture.name}^(${pick.i})${spot} = ${format(of("checkpoints", pick.i))}, after the last write of its segment`] };
    }
    if (!run.knows(t)) return { key: "state", lines: ["This online state is not at hand."] };
    const lines = [`${picture.name}_t${spot} = ${format(of("states", t))}`, `changed by this write: ${format(of("changes", t))}`];
    if (run.plain && run.memory === "linear") {
      lines[1] += ` = ${f(value(run.vector("v", t, h), pick.r))}·${f(value(run.vector("k", t, h), pick.c))}`;
    }
    return { key: "state", lines };
  }
}

// ------------------------------------------------------------------------------------------------ one run

/** Everything about one run at one token, from its tokens down to its output. */
class View {
  constructor(stepper, run) {
    this.stepper = stepper;
    this.run = run;
    this.at = { t: 0, h: 0, i: -1 };
    this.colours = null;
    this.about = el("p", { class: "about" }, run.about);
    this.tokens = new Tokens(this);
    this.story = new Story(this);
    this.memories = new Memories(this);
    this.output = new Output(this);
    this.map = new GateMap(this);
    this.details = new Details(this);
    this.equation = new Equation(this);
    this.main = el("div", { class: "main" },
      this.tokens.node, this.story.node, this.memories.node, this.output.node, this.map.node);
    this.side = el("div", { class: "side", role: "group", "aria-label": "Details" }, this.details.node, this.equation.node);
    this.body = el("div", { class: "body" }, this.main, this.side);
    this.node = el("article", { class: "view", "aria-label": run.title || "Run" }, this.about, this.body);
  }

  resize() {
    const width = this.node.clientWidth;
    if (!width) return;
    const beside = width >= 1000;
    this.node.classList.toggle("beside", beside);
    const main = beside ? width - 340 - 24 : width;
    const narrow = main < 620;
    this.node.classList.toggle("narrow", narrow);
    const stage = narrow ? main : main - 100;
    this.output.resize(stage, narrow);
    this.memories.resize(stage, narrow);
    this.tokens.resize(stage);
    this.map.resize(stage);
    this.details.resize((beside ? 340 : Math.min(width, 560)) - 26);
  }

  paint({ step, head, segment }) {
    this.at = { t: Math.min(step, this.run.T - 1), h: Math.min(head, this.run.H - 1), i: segment };
    if (this.at.i >= this.run.N) this.at.i = -1;
    for (const part of [this.tokens, this.story, this.memories, this.output, this.map, this.details, this.equation]) {
      part.paint(this.at);
    }
  }
}

/** Where two runs in step part: the first tokens that differ, and by how much their outputs do. */
class Difference {
  constructor(stepper, difference) {
    this.stepper = stepper;
    this.firsts = difference.first;
    this.a = difference.arrays;
    this.size = el("canvas", { class: "overview", role: "img", "aria-label": "Difference of the outputs over all tokens" });
    this.line = el("div", { class: "lens" });
    this.area = el("div", { class: "scrub" }, this.size, this.line);
    this.now = el("span", { class: "number", "data-number": "difference" });
    this.bars = new Picture("Difference of the outputs");
    const jumps = Object.entries(this.firsts).map(([name, t]) => (t === null
      ? el("span", { class: "jump" }, `${name}: the same throughout`)
      : el("button", { type: "button", class: "jump", onclick: () => stepper.go({ step: t }) }, `${name}: token ${t}`)));
    this.gates = el("canvas", { role: "img", "aria-label": "Difference of the gates: tokens across, memories down" });
    this.gateArea = el("div", { class: "scrub map" }, this.gates);
    this.gateNote = el("p", { class: "note" }, "gates: where the second run weighs a memory ", el("b", { class: "more-gate" }, "more"), " or ",
      el("b", { class: "less-gate" }, "less"));
    this.node = el("div", { class: "difference", role: "group", "aria-label": "Difference of the two runs" },
      el("p", {}, el("b", {}, "second less first"), " · first token where they part  ", ...jumps),
      el("p", { class: "note" }, "outputs"), this.area, this.gateNote, this.gateArea,
      el("div", { class: "now" }, this.bars.node, el("span", {}, "largest difference of the outputs here ", this.now)));
    for (const area of [this.area, this.gateArea]) stepper.drag(area, (x, w) => ({ step: Math.floor((x / w) * stepper.T) }));
    show(this.gateArea, Boolean(this.a.weights));
    show(this.gateNote, Boolean(this.a.weights));
    this.gateArea.hint = (x, y) => {
      const { run, state } = stepper;
      const t = Math.max(0, Math.min(stepper.T - 1, Math.floor((x / this.width) * stepper.T)));
      const i = Math.max(0, Math.min(run.N - 1, Math.floor((y / this.height) * run.N)));
      return i > run.own[t] ? `token ${t}` : `gate of token ${t} on memory ${i}: ${exact(this.a.weights.at(run.index(t, state.head, i)))}`;
    };
    this.area.hint = (x) => {
      const t = Math.max(0, Math.min(stepper.T - 1, Math.floor((x / this.width) * stepper.T)));
      return `token ${t}: outputs differ by up to ${exact(this.a.size.at(t * stepper.H + stepper.state.head))}`;
    };
  }

  resize() {
    this.width = this.area.clientWidth;
    this.height = Math.max(40, Math.min(90, this.stepper.N * 6));
    this.drawn = -1;
  }

  /** The difference of the gates of a head; what is not read by either run is left blank. */
  drawGates(head) {
    const { run, colours } = this.stepper;
    const tile = document.createElement("canvas");
    [tile.width, tile.height] = [run.T, run.N];
    const image = new ImageData(run.T, run.N);
    const scale = this.a.weights.extent();
    for (let t = 0; t < run.T; t++) {
      for (let i = 0; i <= run.own[t]; i++) {
        pixel(image.data, 4 * (i * run.T + t), this.a.weights.at(run.index(t, head, i)), scale, colours);
      }
    }
    tile.getContext("2d").putImageData(image, 0, 0);
    fit(this.gates, this.width, this.height).drawImage(tile, 0, 0, this.width, this.height);
  }

  paint({ step, head }) {
    const { T, H, colours } = this.stepper;
    if (this.drawn !== head) {
      const context = fit(this.size, this.width, 30);
      const scale = this.a.size.extent();
      context.fillStyle = colours.css.fg;
      for (let t = 0; t < T; t++) {
        const height = (this.a.size.at(t * H + head) / scale) * 30;
        context.fillRect((t / T) * this.width, 30 - height, Math.max(0.75, this.width / T - 0.5), height);
      }
      if (this.a.weights) this.drawGates(head);
      this.drawn = head;
    }
    place(this.line, { transform: `translateX(${((step / T) * this.width).toFixed(1)}px)`, width: `${Math.max(3, this.width / T)}px` });
    write(this.now, format(this.a.size.at(step * H + head)));
    const V = this.a.output.shape[2];
    const vector = { numbers: this.a.output, start: (step * H + head) * V, count: V };
    this.bars.bars(vector, Math.min(420, this.width), 36, vector.numbers.extent(), colours, entry(vector, "difference of y"));
  }
}

// ------------------------------------------------------------------------------------------------ the stepper

const REST = 250;
const SPEEDS = [1, 2, 5, 10, 20, 30, 60];
const EVENTS = {
  boundary: "segment begins", selection: "selection changes", entropy: "gates spread", question: "question", wrong: "wrong answer",
};
const ICONS = {
  first: "M4 3v10M13 3 6 8l7 5z", back: "M11 3 5 8l6 5z", play: "M4 2.5 13 8l-9 5.5z", pause: "M5 3v10M11 3v10",
  next: "M5 3l6 5-6 5z", last: "M12 3v10M3 3l7 5-7 5z", mark: "M4 2h8v12l-4-3.5L4 14z", save: "M8 2v8M4.5 7 8 10.5 11.5 7M3 14h10",
};
const KEYS = [
  ["← →", "one token back, forward"],
  ["Page Up, Page Down", "one segment back, forward"],
  ["Home, End", "first token, last token"],
  ["↑ ↓", "head before, head after"],
  ["Space", "play, pause"],
  ["+ −", "faster, slower"],
  ["n p", "next, previous event"],
  ["e", "another kind of event"],
  ["a", "where the answer stands, and back"],
  ["[ ]", "inspect the memory before, after"],
  ["o", "inspect the online memory"],
  ["b", "bookmark this token"],
  [", .", "previous, next bookmark"],
  ["Shift + arrows", "on a focused picture: from cell to cell; Enter shows the equation"],
  ["?", "this help"],
];

class Stepper {
  constructor(root, payload, options = {}) {
    this.root = root;
    this.options = options;
    this.bookmarks = new Set(options.bookmarks ?? []);
    this.playing = false;
    this.speed = 5;
    this.stop = new AbortController();
    root.classList.add("mcviz");
    root.tabIndex = 0;
    root.dataset.lmSuppressShortcuts = "true";
    root.setAttribute("role", "region");
    root.setAttribute("aria-label", "Memory Caching, step by step");
    this.open(payload, options);
    this.listen();
  }

  /** Show another payload in the same place. What is wrong with it is shown as text. */
  open(payload, { step = 0, head = 0, segment = -1 } = {}) {
    this.views = [];
    this.difference = null;
    this.state = { step: 0, head: 0, segment: -1 };
    delete this.root.dataset.step;
    try {
      const { id, runs, difference } = decode(payload);
      this.id = id;
      this.T = Math.min(...runs.map((run) => run.T));
      this.H = Math.max(...runs.map((run) => run.H));
      this.N = Math.max(...runs.map((run) => run.N));
      this.run = runs[0];
      this.views = runs.map((run) => new View(this, run));
      this.difference = difference ? new Difference(this, difference) : null;
    } catch (error) {
      this.root.replaceChildren(el("p", { class: "problem", role: "alert" }, `This run cannot be shown. ${error.message}`));
      return;
    }
    this.events = this.findEvents();
    this.tip = el("div", { class: "tip", role: "tooltip" });
    this.tip.hidden = true;
    this.help = this.makeHelp();
    this.root.replaceChildren(this.toolbar(), ...(this.difference ? [this.difference.node] : []),
      el("div", { class: this.views.length > 1 ? "views two" : "views" }, ...this.views.map((view) => view.node)),
      this.tip, this.help);
    this.resize();
    this.go({ step, head, segment }, { quiet: true });
  }

  // ---------------------------------------------------------------- time

  /** Move to a step, a head, an inspected segment (-1: the online memory). */
  go(to, { quiet = false } = {}) {
    if (!this.views.length) return;
    const clamp = (x, low, n) => Math.max(low, Math.min(n - 1, Math.trunc(Number(x)) || 0));
    const next = { ...this.state, ...to };
    next.step = clamp(next.step, 0, this.T);
    next.head = clamp(next.head, 0, this.H);
    next.segment = clamp(next.segment, -1, this.N);
    if (next.step !== this.state.step) this.came = this.state.step;
    this.state = next;
    if (!this.frame) this.frame = requestAnimationFrame(() => this.paint());
    if (!quiet) this.options.onChange?.({ ...next });
    this.moved ||= !quiet;
    clearTimeout(this.rest);
    if (!this.playing) this.rest = setTimeout(() => this.settle(), REST);
  }

  /** The reader has come to rest: tell whoever hosts us, and whether it was the reader who moved. */
  settle() {
    this.options.onRest?.({ ...this.state }, this.moved);
    this.moved = false;
  }

  /** Take in online states around a token, for a run that does not carry them all. */
  attach(payload) {
    try {
      const { header, bytes } = open(payload);
      if (header.id !== this.id) return;
      const groups = readArrays(header, bytes);
      this.views.forEach(({ run }, i) => { run.online = { ...header.online[i], a: groups[i] }; });
    } catch (error) {
      this.say(error.message);
    }
    this.go({}, { quiet: true });
  }

  paint() {
    this.frame = 0;
    // Nothing is drawn into no room; `resize` comes back once there is some.
    if (!this.width) return;
    const { step, head, segment } = this.state;
    for (const view of this.views) view.paint(this.state);
    this.difference?.paint(this.state);
    const { bar } = this;
    write(bar.step, String(step));
    if (bar.range.value !== String(step)) bar.range.value = step;
    bar.range.setAttribute("aria-valuetext", `token ${step} of ${this.T}: ${this.run.label(step)}`);
    bar.heads.forEach((button, h) => button.setAttribute("aria-pressed", String(h === head)));
    if (bar.headMenu) bar.headMenu.value = head;
    bar.mark.setAttribute("aria-pressed", String(this.bookmarks.has(step)));
    Object.assign(this.root.dataset, { step, head, segment });
  }

  play(on = !this.playing) {
    if (on === this.playing || !this.views.length) return;
    this.playing = on;
    this.bar.play.replaceChildren(icon(on ? "pause" : "play"));
    this.bar.play.setAttribute("aria-label", on ? "Pause" : "Play");
    for (const view of this.views) view.story.node.setAttribute("aria-live", on ? "off" : "polite");
    if (!on) return this.go({});
    if (this.state.step >= this.T - 1) this.go({ step: 0 });
    let last = performance.now();
    let due = 0;
    const tick = (now) => {
      if (!this.playing || this.stop.signal.aborted) return;
      due += ((now - last) * this.speed) / 1000;
      last = now;
      const steps = Math.floor(due);
      due -= steps;
      if (steps > 0) this.go({ step: this.state.step + steps });
      if (this.state.step >= this.T - 1) this.play(false);
      else requestAnimationFrame(tick);
    };
    return requestAnimationFrame(tick);
  }

  setSpeed(speed) {
    this.speed = speed;
    this.bar.speed.value = speed;
  }

  faster(by) {
    this.setSpeed(SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, SPEEDS.indexOf(this.speed) + by))]);
  }

  segmentAway(by) {
    const { segments, own } = this.run;
    const s = own[this.state.step];
    const start = segments[s][0];
    if (by < 0) this.go({ step: this.state.step > start ? start : segments[Math.max(0, s - 1)][0] });
    else this.go({ step: s + 1 < segments.length ? segments[s + 1][0] : this.T - 1 });
  }

  // ---------------------------------------------------------------- events and bookmarks

  /** Whether something happens at a token and head, by kind of event; only kinds that occur at all. */
  findEvents() {
    const { a, H, T } = this.run;
    const flags = {
      boundary: (t) => a["events.boundary"].at(t) === 1,
      selection: (t, h) => a["events.selection"].at(t * H + h) === 1,
      entropy: (t, h) => a["events.entropy"].at(t * H + h) > this.threshold,
      question: (t) => this.run.source(t) >= 0,
      wrong: (t) => a["events.wrong"].at(t) === 1,
    };
    this.threshold = 1;
    const some = (test) => Array.from({ length: T }, (_, t) => t).some((t) => test(t, 0));
    const known = Object.entries(flags).filter(([name, test]) => (name === "entropy" ? a["events.entropy"] : some(test)));
    this.event = known.find(([name]) => name === "question")?.[0] ?? "boundary";
    return Object.fromEntries(known);
  }

  event_(by) {
    const test = this.events[this.event];
    for (let t = this.state.step + by; t >= 0 && t < this.T; t += by) {
      if (test(t, Math.min(this.state.head, this.run.H - 1))) return this.go({ step: t });
    }
    return this.say(`no ${by > 0 ? "later" : "earlier"} token: ${EVENTS[this.event]}`);
  }

  setEvent(name) {
    this.event = name;
    this.bar.event.value = name;
    show(this.bar.threshold, name === "entropy");
  }

  bookmark() {
    const { step } = this.state;
    if (!this.bookmarks.delete(step)) this.bookmarks.add(step);
    for (const view of this.views) view.tokens.drawOverview();
    this.go({});
  }

  bookmarkAway(by) {
    const all = [...this.bookmarks].sort((a, b) => (a - b) * by);
    const next = all.find((t) => (t - this.state.step) * by > 0);
    if (next === undefined) this.say(`no ${by > 0 ? "later" : "earlier"} bookmark; b sets one`);
    else this.go({ step: next });
  }

  answer() {
    const source = this.run.source(this.state.step);
    if (source >= 0) this.go({ step: source });
    else if (this.came !== undefined && this.run.source(this.came) === this.state.step) this.go({ step: this.came });
    else this.say("nothing is asked at this token");
  }

  say(text) {
    write(this.bar.status, text);
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => write(this.bar.status, ""), 2500);
  }

  // ---------------------------------------------------------------- controls

  toolbar() {
    const button = (name, label, onclick, ...content) => el("button", { type: "button", "aria-label": label, title: label, class: name,
      onclick: (event) => {
        onclick();
        if (event.detail) this.root.focus({ preventScroll: true });
      } }, ...(content.length ? content : [icon(name)]));
    const option = (value, text) => el("option", { value }, text);
    const bar = {
      step: el("b", { class: "step" }), status: el("span", { class: "status", role: "status" }),
      range: el("input", { type: "range", min: "0", max: String(this.T - 1), step: "1", "aria-label": "Token",
        oninput: (event) => this.go({ step: event.target.value }) }),
      play: button("play", "Play", () => this.play()),
      mark: button("mark", "Bookmark this token (b)", () => this.bookmark()),
      speed: el("select", { "aria-label": "Tokens per second", title: "Tokens per second",
        onchange: (event) => this.setSpeed(Number(event.target.value)) }, ...SPEEDS.map((s) => option(s, `${s}/s`))),
      event: el("select", { "aria-label": "Kind of event", onchange: (event) => this.setEvent(event.target.value) },
        ...Object.keys(this.events).map((name) => option(name, EVENTS[name]))),
      threshold: el("input", { type: "number", min: "0", step: "0.1", value: String(this.threshold), class: "threshold",
        "aria-label": "Entropy above, in nats", title: "Entropy of the gates above, in nats",
        oninput: (event) => { this.threshold = Number(event.target.value) || 0; } }),
      heads: [], headMenu: null,
    };
    this.bar = bar;
    bar.speed.value = this.speed;
    bar.event.value = this.event;
    show(bar.threshold, this.event === "entropy");
    let heads = [];
    if (this.H > 1 && this.H <= 8) {
      bar.heads = Array.from({ length: this.H }, (_, h) => el("button", { type: "button", "aria-pressed": "false",
        "aria-label": `Head ${h}`, onclick: () => this.go({ head: h }) }, String(h)));
      heads = [el("span", { class: "group heads", role: "group", "aria-label": "Head" }, el("span", {}, "head"), ...bar.heads)];
    } else if (this.H > 8) {
      bar.headMenu = el("select", { "aria-label": "Head", onchange: (event) => this.go({ head: event.target.value }) },
        ...Array.from({ length: this.H }, (_, h) => option(h, `head ${h}`)));
      heads = [el("span", { class: "group heads" }, bar.headMenu)];
    }
    return el("div", { class: "toolbar", role: "toolbar", "aria-label": "Time" },
      el("span", { class: "group" },
        button("first", "First token (Home)", () => this.go({ step: 0 })),
        button("back", "Back (←)", () => this.go({ step: this.state.step - 1 })),
        bar.play,
        button("next", "Forward (→)", () => this.go({ step: this.state.step + 1 })),
        button("last", "Last token (End)", () => this.go({ step: this.T - 1 })),
        bar.speed),
      el("span", { class: "group time" }, bar.range, el("span", { class: "clock" }, "token ", bar.step, ` / ${this.T - 1}`)),
      el("span", { class: "group" },
        button("back", "Previous event (p)", () => this.event_(-1)), bar.event, bar.threshold,
        button("next", "Next event (n)", () => this.event_(1))),
      ...heads,
      el("span", { class: "group" }, bar.mark,
        button("save", "Save this view as PNG", () => this.save("png"), icon("save"), "PNG"),
        button("save", "Save this view as SVG", () => this.save("svg"), "SVG"),
        button("help", "Keyboard help (?)", () => this.help.showModal(), "?")),
      bar.status);
  }

  makeHelp() {
    const close = () => dialog.close();
    const dialog = el("dialog", { class: "help", "aria-label": "Keyboard" },
      el("h2", {}, "Keyboard"),
      el("dl", {}, ...KEYS.flatMap(([keys, what]) => [el("dt", {}, keys), el("dd", {}, what)])),
      el("p", {}, "Drag the bar under the tokens or the map of gates. Point at any number for all its digits; click it for its equation."),
      el("button", { type: "button", onclick: close }, "Close"));
    dialog.addEventListener("click", (event) => event.target === dialog && close());
    return dialog;
  }

  /** Dragging on `node` goes where `to(x, width, y)` says. */
  drag(node, to) {
    const move = (event) => {
      const box = node.getBoundingClientRect();
      this.go(to(Math.max(0, Math.min(box.width - 0.01, event.clientX - box.left)), box.width, event.clientY - box.top));
    };
    node.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      node.setPointerCapture(event.pointerId);
      move(event);
    });
    node.addEventListener("pointermove", (event) => event.buttons & 1 && node.hasPointerCapture(event.pointerId) && move(event));
  }

  listen() {
    const { signal } = this.stop;
    this.root.addEventListener("keydown", (event) => this.key(event), { signal });
    if (this.options.keys) {
      this.options.keys.addEventListener("keydown", (event) => !this.root.contains(event.target) && this.key(event), { signal });
    }
    this.root.addEventListener("pointermove", (event) => this.point(event), { signal });
    this.root.addEventListener("pointerleave", () => this.tell(null), { signal });
    this.root.addEventListener("focusin", (event) => this.focus(event), { signal });
    this.root.addEventListener("focusout", () => this.tell(null), { signal });
    this.root.addEventListener("click", (event) => this.pick(event), { signal });
    this.root.addEventListener("transitionrun", (event) => event.target === this.root && this.resize(), { signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.resize(), { signal });
    this.watch = new ResizeObserver(() => {
      if (this.width !== this.root.clientWidth) this.resize();
    });
    this.watch.observe(this.root);
  }

  key(event) {
    const { target } = event;
    if (!this.views.length || this.help.open || event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^(SELECT|TEXTAREA)$/.test(target.tagName) || (target.tagName === "INPUT" && target.type !== "range")) {
      event.stopPropagation();
      return;
    }
    if (event.shiftKey && target.move && /^Arrow/.test(event.key)) {
      const [dr, dc] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      this.spot = target.move(dr, dc);
      if (this.spot) this.tell(target, ...this.spot);
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if ((event.key === " " || event.key === "Enter") && /^(BUTTON|A)$/.test(target.tagName)) {
      event.stopPropagation();
      return;
    }
    if (event.key === "Enter" && target.pick && this.spot) return this.explain(target, target.pick(...this.spot));
    const { step, head } = this.state;
    const inspected = this.state.segment < 0 ? this.run.own[step] : this.state.segment;
    const actions = {
      ArrowLeft: () => this.go({ step: step - 1 }),
      ArrowRight: () => this.go({ step: step + 1 }),
      ArrowUp: () => this.go({ head: head - 1 }),
      ArrowDown: () => this.go({ head: head + 1 }),
      PageUp: () => this.segmentAway(-1),
      PageDown: () => this.segmentAway(1),
      Home: () => this.go({ step: 0 }),
      End: () => this.go({ step: this.T - 1 }),
      " ": () => this.play(),
      "+": () => this.faster(1),
      "=": () => this.faster(1),
      "-": () => this.faster(-1),
      n: () => this.event_(1),
      p: () => this.event_(-1),
      e: () => {
        const names = Object.keys(this.events);
        this.setEvent(names[(names.indexOf(this.event) + 1) % names.length]);
        this.say(`n and p: ${EVENTS[this.event]}`);
      },
      a: () => this.answer(),
      "[": () => this.go({ segment: Math.max(0, inspected - 1) }),
      "]": () => this.go({ segment: Math.min(this.run.own[step], inspected + 1) }),
      o: () => this.go({ segment: -1 }),
      b: () => this.bookmark(),
      ",": () => this.bookmarkAway(-1),
      ".": () => this.bookmarkAway(1),
      "?": () => this.help.showModal(),
    };
    const action = actions[event.key];
    // No key of ours, nor any other plain letter, may reach the shortcuts of the page around us.
    if (action || event.key.length === 1) event.stopPropagation();
    if (!action) return;
    event.preventDefault();
    if (event.key !== " " && this.playing && /^(Arrow|Page|Home|End)/.test(event.key)) this.play(false);
    action();
  }

  // ---------------------------------------------------------------- numbers under the pointer

  owner(event) {
    return event.composedPath().find((node) => node.hint || node.pick || node === this.root);
  }

  point(event) {
    const node = this.owner(event);
    if (!node || node === this.root || event.buttons) return this.tell(null);
    const box = node.getBoundingClientRect();
    return this.tell(node, event.clientX - box.left, event.clientY - box.top);
  }

  focus(event) {
    const node = this.owner(event);
    this.spot = null;
    if (node?.hint && !node.move && node !== this.root && node.matches(":focus-visible")) this.tell(node, 0, node.clientHeight);
  }

  tell(node, x = 0, y = 0) {
    const text = node?.hint?.(x, y);
    show(this.tip, Boolean(text));
    if (!text) return;
    write(this.tip, text);
    const [box, home] = [node.getBoundingClientRect(), this.root.getBoundingClientRect()];
    const left = Math.max(0, Math.min(box.left - home.left + x + 12, home.width - this.tip.offsetWidth - 4));
    place(this.tip, { transform: `translate(${left.toFixed(0)}px, ${(box.top - home.top + y + 14).toFixed(0)}px)` });
  }

  pick(event) {
    const node = this.owner(event);
    if (!node?.pick || node === this.root) return;
    const box = node.getBoundingClientRect();
    this.explain(node, node.pick(event.clientX - box.left, event.clientY - box.top));
  }

  explain(node, pick) {
    if (!pick) return;
    if (pick.kind === "inspect") return this.go({ segment: pick.i });
    for (const view of this.views) {
      if (view.node.contains(node) || this.views.length === 1) view.equation.pick = pick;
    }
    this.go({});
  }

  // ---------------------------------------------------------------- looks

  resize() {
    this.width = this.root.clientWidth;
    if (!this.width || !this.views.length) return;
    // Colours can be read only where the page's styles apply, so not before there is room.
    this.colours = this.readColours();
    for (const view of this.views) {
      view.colours = this.colours;
      view.resize();
    }
    this.difference?.resize();
    this.go({}, { quiet: true });
  }

  /** The colours that the stylesheet settles on, for the canvases. */
  readColours() {
    const read = (name) => {
      const probe = el("i", {});
      probe.style.color = name;
      this.root.append(probe);
      const colour = getComputedStyle(probe).color;
      probe.remove();
      const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
      context.fillStyle = colour;
      context.fillRect(0, 0, 1, 1);
      return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const [r, g, b] = read("var(--bg)");
    this.root.dataset.theme = 0.299 * r + 0.587 * g + 0.114 * b < 128 ? "dark" : "light";
    const css = {};
    const values = {};
    for (const name of ["fg", "line", "band", "gate", "online", "truth", "wrong", "positive", "negative"]) {
      values[name] = read(`var(--${name})`);
      css[name] = `rgb(${values[name].join(" ")})`;
    }
    return { css, line: css.line, band: css.band, gate: values.gate, wrong: values.wrong, ground: values.fg,
      positive: values.positive, negative: values.negative };
  }

  async save(kind) {
    const name = `${(this.run.title || "mcviz").replace(/[^\w-]+/g, "-")}-token-${this.state.step}.${kind}`;
    const drawing = picture(this.root, [this.tip, this.help, this.bar.status]);
    const text = new XMLSerializer().serializeToString(drawing);
    let blob = new Blob([text], { type: "image/svg+xml" });
    if (kind === "png") {
      const image = new Image();
      image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
      await image.decode();
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [2 * image.width, 2 * image.height];
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      blob = await new Promise((done) => { canvas.toBlob(done, "image/png"); });
    }
    const link = el("a", { download: name, href: URL.createObjectURL(blob) });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  destroy() {
    this.playing = false;
    this.stop.abort();
    this.watch.disconnect();
    clearTimeout(this.quiet);
    clearTimeout(this.rest);
    cancelAnimationFrame(this.frame);
    this.views = [];
    this.root.replaceChildren();
  }
}

function icon(name) {
  return svg("svg", { viewBox: "0 0 16 16", width: 14, height: 14, class: "icon", "aria-hidden": "true" },
    svg("path", { d: ICONS[name] }));
}

/** The page below `root` as an SVG: boxes, text, canvases and paths, where they stand. */
function picture(root, without) {
  const home = root.getBoundingClientRect();
  const drawing = svg("svg", { xmlns: "http://www.w3.org/2000/svg", width: Math.ceil(home.width), height: Math.ceil(root.scrollHeight),
    "font-family": "system-ui, sans-serif" });
  const ground = getComputedStyle(root).backgroundColor;
  drawing.append(svg("rect", { width: "100%", height: "100%", fill: ground }));
  const visit = (node) => {
    if (without.includes(node) || node.hidden) return;
    const style = getComputedStyle(node);
    if (style.display === "none" || style.visibility === "hidden") return;
    const box = node.getBoundingClientRect();
    const [x, y] = [box.left - home.left, box.top - home.top];
    if (node instanceof SVGSVGElement) {
      const copy = svg("g", { transform: `translate(${x} ${y})${node.viewBox.baseVal?.width ? ` scale(${box.width / node.viewBox.baseVal.width})` : ""}` });
      for (const path of node.querySelectorAll("path:not([hidden])")) {
        const look = getComputedStyle(path);
        if (look.display === "none") continue;
        copy.append(svg("path", { d: path.getAttribute("d") ?? "", fill: look.fill, stroke: look.stroke,
          "stroke-width": look.strokeWidth, opacity: look.opacity }));
      }
      drawing.append(copy);
      return;
    }
    if (node !== root && box.width && box.height) {
      const border = parseFloat(style.borderTopWidth) || 0;
      if (border || style.backgroundColor !== "rgba(0, 0, 0, 0)") {
        const shape = svg("rect", { x: x + border / 2, y: y + border / 2, width: Math.max(0, box.width - border),
          height: Math.max(0, box.height - border), rx: Math.min(parseFloat(style.borderTopLeftRadius) || 0, box.height / 2),
          fill: style.backgroundColor, stroke: border ? style.borderTopColor : "none", "stroke-width": border });
        if (style.borderTopStyle === "dashed") shape.setAttribute("stroke-dasharray", "3 3");
        drawing.append(shape);
      }
    }
    if (node instanceof HTMLCanvasElement && node.width && node.height) {
      drawing.append(svg("image", { x, y, width: box.width, height: box.height, href: node.toDataURL() }));
    }
    if (node instanceof HTMLInputElement || node instanceof HTMLSelectElement) return;
    for (const child of node.childNodes) {
      if (child.nodeType === Node.ELEMENT_NODE) visit(child);
      else if (child.nodeType === Node.TEXT_NODE && child.data.trim()) drawing.append(...lines(child, style, home));
    }
  };
  visit(root);
  return drawing;
}

/** A text node as one SVG text for every line that it takes on the page. */
function lines(node, style, home) {
  const range = document.createRange();
  const found = [];
  let [from, top] = [0, null];
  const flush = (to) => {
    range.setStart(node, from);
    range.setEnd(node, to);
    const box = range.getBoundingClientRect();
    const text = range.toString().replace(/\s+/g, " ");
    if (!box.width || !text.trim()) return;
    found.push(svg("text", { x: box.left - home.left, y: box.top - home.top + box.height * 0.78, fill: style.color,
      "font-size": style.fontSize, "font-weight": style.fontWeight, "font-style": style.fontStyle,
      textLength: box.width, lengthAdjust: "spacingAndGlyphs" }, text));
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

// ------------------------------------------------------------------------------------------------ hosts

/** Put a stepper into an element.
 *
 * `options`: step, head, segment, bookmarks; `onChange(state)` after every change by the reader; `onRest(state, moved)`
 * when changes pause; `keys`, a further element whose keys count; `live`, whether somebody
 * answers to a rest with online states.
 */
export function mount(root, payload, options) {
  return new Stepper(root, payload, options);
}

/** Streamlit calls with a payload's bytes, or with where to stand in the payload of a name; anywidget with nothing. */
export default function host(component) {
  if (!component) return { render: renderWidget };
  return component.data instanceof Uint8Array || component.data instanceof ArrayBuffer
    ? keepPayload(component.data) : drawView(component);
}

// Components of one page share its globals. A payload may come before or after the view that wants it.
const PAYLOADS_KEPT = 6;
const shared = (globalThis[Symbol.for("mcviz")] ??= { payloads: new Map(), online: new Map(), waiting: new Set(), views: new WeakMap() });

function keepPayload(bytes) {
  const { id, online } = open(bytes).header;
  const kept = online ? shared.online : shared.payloads;
  kept.delete(id);
  kept.set(id, bytes);
  for (const old of [...kept.keys()].slice(0, -PAYLOADS_KEPT)) kept.delete(old);
  for (const wake of [...shared.waiting]) wake();
}

/** Called again whenever Python says something new; the stepper in `parentElement` stays. */
function drawView({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".mcviz");
  let view = shared.views.get(root);
  if (!view) {
    view = { stepper: null, payload: null, online: null, command: -1 };
    shared.views.set(root, view);
  }
  view.setStateValue = setStateValue;
  view.data = data;
  const onRest = (state, moved) => moved && view.setStateValue("selection", state);
  const update = () => {
    const { payload, command, step, head, segment } = view.data;
    const bytes = shared.payloads.get(payload);
    if (!bytes) return;
    const commanded = command !== view.command;
    if (view.payload !== payload) {
      const at = view.stepper && !commanded ? view.stepper.state : { step, head, segment };
      if (view.stepper) view.stepper.open(bytes, at);
      else view.stepper = mount(root, bytes, { ...at, onRest, live: true });
      view.online = null;
    } else if (commanded) view.stepper.go({ step, head, segment }, { quiet: true });
    Object.assign(view, { payload, command });
    const online = shared.online.get(payload);
    if (online && online !== view.online) view.stepper.attach(online);
    view.online = online;
  };
  shared.waiting.delete(view.update);
  view.update = update;
  shared.waiting.add(update);
  update();
  return () => {
    shared.waiting.delete(view.update);
    view.stepper?.destroy();
    shared.views.delete(root);
  };
}

/** Jupyter: `step`, `head` and `segment` are traits of the model, followed both ways. */
function renderWidget({ model, el: root }) {
  const at = () => ({ step: model.get("step"), head: model.get("head"), segment: model.get("segment") });
  let timer = 0;
  const follow = (state) => {
    for (const [name, value] of Object.entries(state)) model.set(name, value);
    clearTimeout(timer);
    timer = setTimeout(() => model.save_changes(), 60);
  };
  const node = el("div", {});
  root.append(node);
  const ask = ({ step }) => {
    if (stepper.views.some(({ run }) => !run.knows(step))) model.send({ online: step });
  };
  const stepper = mount(node, model.get("payload"), { ...at(), onChange: follow, onRest: ask, live: true });
  const take = (message, buffers) => stepper.attach(buffers[0]);
  const move = () => stepper.go(at(), { quiet: true });
  const reopen = () => stepper.open(model.get("payload"), at());
  model.on("change:step change:head change:segment", move);
  model.on("change:payload", reopen);
  model.on("msg:custom", take);
  return () => {
    model.off("change:step change:head change:segment", move);
    model.off("change:payload", reopen);
    model.off("msg:custom", take);
    clearTimeout(timer);
    stepper.destroy();
  };
}

/** The HTML file: unpack what is written in it, and keep the state in the address. */
async function openPage(root, text) {
  const problem = (message) => root.replaceChildren(el("p", { class: "problem", role: "alert" }, message));
  let bytes;
  try {
    const characters = atob(text.trim());
    const packed = new Uint8Array(characters.length);
    for (let i = 0; i < packed.length; i++) packed[i] = characters.charCodeAt(i);
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    return problem("This run cannot be shown: the data in this file are damaged.");
  }
  const address = () => {
    const values = new URLSearchParams(location.hash.slice(1));
    const number = (name, otherwise) => (values.has(name) ? Number(values.get(name)) || 0 : otherwise);
    return { step: number("step", 0), head: number("head", 0), segment: number("segment", -1),
      bookmarks: (values.get("marks") ?? "").split(".").filter(Boolean).map(Number).filter(Number.isInteger) };
  };
  const remember = ({ step, head, segment }, moved) => {
    const marks = [...stepper.bookmarks].sort((a, b) => a - b).join(".");
    const state = `#step=${step}&head=${head}&segment=${segment}${marks && `&marks=${marks}`}`;
    if (moved) history.replaceState(null, "", state);
  };
  const stepper = mount(root, bytes, { ...address(), keys: document, onRest: remember });
  addEventListener("hashchange", () => stepper.go(address(), { quiet: true }));
  globalThis.stepper = stepper;
  return stepper;
}
