/* One run: what its header says, and where in its arrays the numbers of a token stand. */

import { fail } from "./payload.js";

/** One run: its header, its arrays, and where in them a token's numbers stand. */
export class Run {
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
      scores: ragged,
      weights: ragged,
      read: ragged,
      q: [T, H, K],
      k: [T, H, K],
      v: [T, H, V],
      u: [T, H, K],
      output: [T, H, V],
      online_contexts: [T, H, K],
      checkpoint_contexts: [N, H, K],
      "events.boundary": [T],
      "events.selection": [T, H],
      "events.wrong": [T],
    };
    for (const [name, shape] of Object.entries(expected)) {
      const got = arrays[name]?.shape;
      if (!got || got.join() !== shape.join()) fail(`${name}: expected numbers [${shape}], got [${got ?? "none"}]`);
    }
    const optional = { shares: ragged, "alone.said": [this.row[T] / H], "alone.probabilities": [this.row[T] / H] };
    for (const [name, shape] of Object.entries(optional)) {
      if (arrays[name] && arrays[name].shape.join() !== shape.join()) fail(`${name}: expected numbers [${shape}]`);
    }
    this.asked = new Set(meta.asking);
    this.asksSome = Boolean(meta.predictions?.targets.some(Boolean));
    this.asksAlways = this.asksSome && meta.predictions.targets.slice(0, -1).every(Boolean);
    for (const labels of [meta.tokens, meta.sources]) {
      if (labels.length && labels.length !== T) fail("its labels are damaged");
    }
  }

  /** Which rows of numbers its memories have. */
  get rows() {
    const { a } = this;
    return {
      score: this.compares,
      said: Boolean(a["reads.values"]),
      word: Boolean(this.words),
      share: Boolean(a.shares),
    };
  }

  index(t, h, i) {
    return this.row[t] + h * (this.own[t] + 1) + i;
  }

  score(t, h, i) {
    return this.a.scores.at(this.index(t, h, i));
  }

  /** The memory whose context gives memory i its relevance: itself, unless surgery exchanged relevances. */
  weighedAs(t, i) {
    const there = this.exchanged.filter((pair) => Math.max(...pair) < this.own[t]);
    return there.reduceRight((at, [a, b]) => (at === a ? b : at === b ? a : at), i);
  }

  weight(t, h, i) {
    return this.a.weights.at(this.index(t, h, i));
  }

  isRead(t, h, i) {
    return this.a.read.at(this.index(t, h, i)) === 1;
  }

  /** How much of the output memory i adds, as a share along it; NaN where the output is no sum. */
  share(t, h, i) {
    return this.a.shares ? this.a.shares.at(this.index(t, h, i)) : NaN;
  }

  /** What the model would say from memory i alone, as {word, probability}, if that is known. */
  alone(t, i) {
    if (!this.a["alone.said"] || this.veils(t)) return null;
    const at = this.row[t] / this.H + i;
    const said = this.a["alone.said"].at(at);
    return said < 0 ? null : { word: this.words[said], probability: this.a["alone.probabilities"].at(at) };
  }

  /** What memory i says, if it is at hand. */
  said(t, h, i) {
    if (!this.a["reads.start"]) return null;
    const [a, b] = this.a["reads.start"].data.subarray(t * this.H + h);
    const r = this.a["reads.memory"].data.subarray(a, b).indexOf(i);
    return r < 0 ? null : { numbers: this.a["reads.values"], start: (a + r) * this.V, count: this.V };
  }

  label(t) {
    return this.tokens[t] ?? String(t);
  }

  /** What the memory that is written is called: of one that goes on for ever, no segment is said. */
  get onlineTerm() {
    return this.one ? "memory" : "online memory";
  }

  titleOf(t, i) {
    if (i < this.own[t]) return `Checkpoint ${i}`;
    return this.one ? "The one memory" : `Online memory, segment ${i}`;
  }

  memoryName(t, i) {
    return i === this.own[t] ? `the ${this.onlineTerm}` : `checkpoint ${i}`;
  }

  /** Whether something is asked at token t. */
  asks(t) {
    return this.asked.has(t) || (this.sources[t] ?? -1) >= 0 || Boolean(this.predictions?.targets[t]);
  }

  /** Whether the answer at token t is hidden still. Where answers are, `revealed` holds the tokens whose are shown. */
  veils(t) {
    return Boolean(this.revealed) && this.asks(t) && !this.revealed.has(t);
  }

  /** The token at which what token t asks for stands, or -1. */
  source(t) {
    return this.veils(t) ? -1 : (this.sources[t] ?? -1);
  }

  isWrong(t) {
    return !this.veils(t) && this.a["events.wrong"].at(t) === 1;
  }

  /** The tokens of the fact that token t asks for, its answer the last, as [first, stop]; null if there is none. */
  quote(t) {
    const source = this.source(t);
    const first = source + 1 - (this.fact ?? 1);
    return source < 0 || source + 1 - first < 2 || this.own[first] !== this.own[source] ? null : [first, source + 1];
  }

  target(t) {
    return this.veils(t) ? "" : (this.predictions?.targets[t] ?? "");
  }

  /** The memories that a token reads, oldest first. */
  memoriesRead(t, h) {
    return Array.from({ length: this.own[t] + 1 }, (_, i) => i).filter((i) => this.isRead(t, h, i));
  }

  /** The memories that a token reads, heaviest first. */
  heaviest(t, h) {
    return this.memoriesRead(t, h).sort((i, j) => this.weight(t, h, j) - this.weight(t, h, i) || j - i);
  }

  /** The memories that a token reads, that which adds most first, whatever its sign. */
  strongest(t, h) {
    const adds = (i) => Math.abs(this.share(t, h, i)) || 0;
    return this.memoriesRead(t, h).sort((i, j) => adds(j) - adds(i) || j - i);
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
    return {
      numbers,
      place,
      rows: picture.rows,
      columns: picture.columns,
      name: picture.name,
      turned: picture.turned,
      scale: numbers.extent(h * count, count, this.H * count),
    };
  }
}
